[
  inputs: ["{mix,.formatter}.exs", "{config,lib,test}/**/*.{ex,exs}", "../benches/host/*.exs"],
  line_length: 110
]
