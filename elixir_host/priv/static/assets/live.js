// The status of TMAs as it changes, over the WebSocket, which is opened anew whenever it is lost.

import { session, onSession } from "./api.js";

const statuses = new Set();
const connections = new Set();
let socket = null;
let pause = 500;
let timer = null;
const followed = new Set();

/** Whether news comes in. */
export let connected = false;

/** Calls `listener` with each change of a TMA (`id`, `status`, `stage`, `error`); gives what takes it away again. */
export function onStatus(listener) {
  statuses.add(listener);
  return () => statuses.delete(listener);
}

/** Calls `listener` with whether the page is connected; gives what takes it away again. */
export function onConnection(listener) {
  connections.add(listener);
  return () => connections.delete(listener);
}

/** Asks for the stages of one TMA too. */
export function follow(id) {
  followed.add(id);
  tell({ subscribe: id });
}

export function unfollow(id) {
  followed.delete(id);
  tell({ unsubscribe: id });
}

function tell(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function set(value) {
  if (connected === value) return;
  connected = value;
  for (const listener of connections) listener(value);
}

function open() {
  clearTimeout(timer);
  if (!session || socket) return;
  const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/socket`;
  socket = new WebSocket(address, ["awap.v1", `awap.bearer.${session.credential}`]);
  socket.onopen = () => {
    pause = 500;
    tell({ subscribe: "*" });
    for (const id of followed) tell({ subscribe: id });
    set(true);
  };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.event === "tma_status") for (const listener of statuses) listener(message.tma);
  };
  socket.onclose = () => {
    socket = null;
    set(false);
    if (session) timer = setTimeout(open, pause);
    pause = Math.min(pause * 2, 15_000);
  };
}

onSession((now) => {
  // A new token of the same person takes over when this connection ends.
  if (!now) {
    socket?.close();
    clearTimeout(timer);
  } else open();
});
open();
