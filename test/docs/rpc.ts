// RPCs as a plain POST of JSON, the way the page tells its readers.

/** Throws with what was answered unless it is a 200. */
export async function callRpc(url: string, method: string, request: object = {}) {
  const answer = await fetch(`${url}/stowage.v1.${method}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${method} answered ${answer.status} ${text}`);
  return JSON.parse(text);
}
