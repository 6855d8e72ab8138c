[
  inputs: ["{mix,.formatter}.exs", "{config,lib,rel,test}/**/*.{ex,exs}", "../benches/host/*.exs"],
  line_length: 110
]
