-- Each request POSTs a seed of its own, so that a server which remembered answers wins nothing.
local threads = 0
function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  seed = tonumber(args[1]) + number * 100000000
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  seed = seed + 1
  return wrk.format(nil, nil, nil, string.format('{"seed":%.0f}', seed))
end
