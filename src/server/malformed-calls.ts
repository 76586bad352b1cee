// Calls whose bytes are no message. Connect answers them as internal errors with
// status 500, as if we were at fault; here they become the client's. gRPC's own
// implementations answer "internal" too, so the other protocols are left alone.
import { base64Decode } from "@bufbuild/protobuf/wire";
import { createAsyncIterable, type UniversalServerResponse } from "@connectrpc/connect/protocol";

/** How the protocol for one request and one answer reports bytes that cannot be decoded, or decompressed. */
const NOT_A_MESSAGE = /^\{"code":"internal","message":"(?:parse binary: |decompression failed)/;

/** The answer to a call of this URL, or a better one if the client was at fault. */
export async function blameClient(
  url: string,
  answer: UniversalServerResponse,
): Promise<UniversalServerResponse> {
  if (answer.status !== 500 || answer.body === undefined) return answer;
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.body) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  if (NOT_A_MESSAGE.test(text)) return invalid(answer, text.replace('"internal"', '"invalid_argument"'));
  if (hasBrokenBase64(url))
    return invalid(answer, '{"code":"invalid_argument","message":"message is not base64"}');
  return { ...answer, body: createAsyncIterable(chunks) };
}

function invalid(answer: UniversalServerResponse, text: string): UniversalServerResponse {
  const body = Buffer.from(text);
  const header = new Headers(answer.header);
  header.set("content-length", String(body.length));
  return { ...answer, status: 400, header, body: createAsyncIterable([body]) };
}

/** Connect's GET requests carry the message in the query. */
function hasBrokenBase64(url: string): boolean {
  const query = new URL(url).searchParams;
  if (query.get("base64") !== "1") return false;
  try {
    base64Decode(query.get("message") ?? "");
    return false;
  } catch {
    return true;
  }
}
