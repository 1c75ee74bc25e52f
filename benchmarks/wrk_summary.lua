-- Prints what a program can read; wrk runs it after the requests' own script, in one file.
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\nSUMMARY {"per_s": %.3f, "p50_ms": %.3f, "p99_ms": %.3f, "failed": %d, "refused": %d}\n',
    summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.timeout, errors.status))
end
