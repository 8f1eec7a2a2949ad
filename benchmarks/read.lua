-- wrk: read one address with the credentials of the environment.
function init()
  wrk.headers["Authorization"] = os.getenv("BENCH_AUTHORIZATION")
end

function done(summary, latency)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format("RESULT %d %d %d %.3f %.3f\n", summary.requests, failed, summary.duration,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
