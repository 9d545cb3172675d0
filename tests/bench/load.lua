-- load - what wrk sends, told by the environment, and its figures as one line of JSON.

wrk.method = os.getenv("BENCH_METHOD")
wrk.headers["X-API-KEY"] = os.getenv("BENCH_KEY")
if wrk.method == "POST" then
    wrk.body = os.getenv("BENCH_BODY")
    wrk.headers["Content-Type"] = "application/json"
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{"requests": %d, "seconds": %.6f, "p50_us": %d, "p99_us": %d, "refused": %d, "broken": %d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
        errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
