// Deadlines so distant that no timer can hold them. Connect would set a timer that
// rings at once and end the call; such a call is rather taken to have no deadline.

/** What a timer of Node can hold, in milliseconds: 24 days. */
const MOST = 2 ** 31 - 1;

/** gRPC's units, in milliseconds. Smaller ones cannot make a distant deadline of eight digits. */
const UNITS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000 };

/** Takes a deadline that is too distant out of a call's headers. */
export function dropDistantDeadline(headers: Headers): void {
  if (Number(headers.get("connect-timeout-ms")) > MOST) headers.delete("connect-timeout-ms");
  const [, digits, unit = ""] = /^(\d{1,8})([HMS])$/.exec(headers.get("grpc-timeout") ?? "") ?? [];
  if (Number(digits) * (UNITS[unit] ?? 0) > MOST) headers.delete("grpc-timeout");
}
