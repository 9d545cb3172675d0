-- load - what wrk sends, told by the environment, and its figures as one line of JSON.

wrk.method = os.getenv("BENCH_METHOD")
if os.getenv("BENCH_KEY") ~= "" then
    wrk.headers["X-API-KEY"] = os.getenv("BENCH_KEY")
end
if wrk.method == "POST" then
    wrk.body = os.getenv("BENCH_BODY")
    wrk.headers["Content-Type"] = "application/json"
end

for name, value in os.getenv("BENCH_HEADERS"):gmatch("([^\n:]+): ([^\n]*)") do
    wrk.headers[name] = value
end

-- Batches of CloudEvents: each event has an id of its own, or it would be a repeat of another.
local batch = tonumber(os.getenv("BENCH_BATCH"))
if batch > 0 then
    local run, sent = tostring(os.time()) .. tostring({}):sub(8), 0
    function request()
        local events = {}
        for i = 1, batch do
            sent = sent + 1
            events[i] = '{"specversion":"1.0","id":"' .. run .. sent .. '",' .. wrk.body
        end
        return wrk.format(nil, nil, nil, "[" .. table.concat(events, ",") .. "]")
    end
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{"requests": %d, "seconds": %.6f, "p50_us": %d, "p99_us": %d, "refused": %d, "broken": %d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
        errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
