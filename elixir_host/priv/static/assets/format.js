// How things are written: times, marks, students, statuses.

const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const minute = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const second = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

export const date = (text) => (text ? day.format(new Date(text)) : "–");
export const time = (text) => (text ? minute.format(new Date(text)) : "–");
export const exactly = (text) => (text ? second.format(new Date(text)) : "–");

/** A number of marks, without needless decimals; a dash where there is none. */
export const marks = (value) =>
  value === null || value === undefined ? "–" : String(Math.round(value * 100) / 100);

/** The pseudonym, short enough for a list; whole it stands in the element's title. */
export const student = (pseudonym) => pseudonym.slice(0, 12);

export const STATUS = { pending: "Waiting", processing: "Being marked", completed: "Marked", failed: "Failed" };

export const STAGE = {
  anonymize_student: "Anonymizing",
  parse_tma: "Reading",
  generate_feedback: "Marking",
  suggest: "Asking the model",
  complete_job: "Saving",
};

export const REVIEW = {
  ai_unverified_quote: "The model quoted what is not there",
  ai_score_disagrees: "The model would mark it otherwise",
  low_confidence: "Low confidence",
  out_of_distribution: "Unlike the scripts it was trained on",
  human_criterion: "For you to mark",
  near_duplicate: "Shares text with another",
  text_too_short: "Very short",
  off_topic: "May be off topic",
  padding_suspected: "May be padded",
  pii_redacted_in_output: "Named someone",
};

export const REDACTION = {
  NAME_STUDENT: "the student’s name",
  NAME_OTHER: "another person’s name",
  EMAIL: "an e-mail address",
  USERNAME: "a user name",
  ID_NUM: "an identity number",
  PHONE_NUM: "a phone number",
  URL_PERSONAL: "a personal web address",
  STREET_ADDRESS: "an address",
  DOB: "a date of birth",
};

export const UPLOAD = {
  queued: "Waiting to go to Moodle",
  sending: "Going to Moodle",
  sent: "In Moodle",
  conflict: "Moodle has another grade",
  failed: "Did not reach Moodle",
  superseded: "Replaced by a later approval",
};

export const plural = (n, one, many = one + "s") => `${n} ${n === 1 ? one : many}`;
