// Whether the client may push, asked of the registry where the call that pushes cannot
// tell it: it comes with the body, or is refused before it has named the repository.
import { isUnsupported, refusalOf } from "./errors.ts";
import type { Exchange } from "./exchange.ts";

/** What a push needs. */
const ACTIONS = ["pull", "push"];

/** Throws what the push itself would. */
export async function demandPush({ services, repository, call }: Exchange): Promise<void> {
  await services.auth.checkAccess({ repository, actions: ACTIONS }, call).catch(ignoreUnsupported);
}

/**
 * Waits for a push. A registry elsewhere may refuse it at the door; clients fetch a token for what the challenge names,
 * so it is asked for one that names the repository.
 */
export async function withScope<T>(exchange: Exchange, push: Promise<T>): Promise<T> {
  try {
    return await push;
  } catch (error) {
    if (lacksScope(error)) await demandPush(exchange);
    throw error;
  }
}

function lacksScope(error: unknown): boolean {
  const problem = refusalOf(error).problems[0];
  return problem?.code === "UNAUTHORIZED" && problem.detail?.scope === undefined;
}

/** An older registry decides when the push has come. */
function ignoreUnsupported(error: unknown): void {
  if (!isUnsupported(error)) throw error;
}
