-- Each request is the next line of a file: a path, a tab, and the ETag that the client holds.
local requests = {}
function init(args)
  for line in io.lines(args[1]) do
    local path, etag = line:match("([^\t]+)\t(.+)")
    requests[#requests + 1] = wrk.format("GET", path, { ["If-None-Match"] = etag })
  end
end

local at = 0
function request()
  at = at % #requests + 1
  return requests[at]
end
