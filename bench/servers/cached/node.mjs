/**
 * The least that a server on this runtime can do for the same bytes: `node:http`, a map from URL to answer, and no
 * routes, sessions, limits, metrics or logs. What it serves it has asked our server for, once for each URL.
 */
import { createServer, get } from "node:http";
import { endOnSignal, HOST, PORT } from "../peer.mjs";

/** Headers that the runtime writes by itself. */
const OWN = new Set(["date", "connection", "keep-alive"]);
const answers = new Map();

/** What our server answers: headers as a flat list, which the runtime takes as it is, and the body. */
function fetchAnswer(request, use) {
  const { authorization } = request.headers;
  get(process.env.MIRRORED_URL + request.url, { headers: authorization ? { authorization } : {} }, (response) => {
    const { statusCode: status, rawHeaders } = response;
    const headers = rawHeaders.filter((_, index) => !OWN.has(rawHeaders[index - (index % 2)].toLowerCase()));
    let body = "";
    response
      .setEncoding("latin1")
      .on("data", (chunk) => {
        body += chunk;
      })
      .on("end", () => use({ status, headers, body }));
  });
}

function send(response, { status, headers, body }) {
  response.writeHead(status, headers);
  response.end(body, "latin1");
}

const server = createServer((request, response) => {
  const known = answers.get(request.url);
  if (known !== undefined) return send(response, known);
  fetchAnswer(request, (answer) => {
    if (answer.status === 200) answers.set(request.url, answer);
    send(response, answer);
  });
});
server.listen(PORT, HOST);
endOnSignal(() => server.close());
