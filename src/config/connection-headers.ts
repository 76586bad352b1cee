// Headers that belong to the connection or are told by the message, so that nobody
// can set them. RFC 9110, 7.6.1.

/** In lower case. */
export const CONNECTION_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
