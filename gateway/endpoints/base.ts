// "/v2/": tells that this is a registry, and to who must prove who they are, how:
// docker reads the challenge only here. distribution-spec, Determining Support.
import { answerJson } from "../answer.ts";
import { isUnsupported } from "../errors.ts";
import type { Exchange } from "../exchange.ts";

export async function getBase(exchange: Exchange): Promise<void> {
  await exchange.services.auth.getIdentity({}, exchange.call).catch(ignoreUnsupported);
  answerJson(exchange, {});
}

/** An older registry lets everybody in. */
function ignoreUnsupported(error: unknown): void {
  if (!isUnsupported(error)) throw error;
}
