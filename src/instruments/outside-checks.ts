// Checks of what is not the registry's own, as the configuration names it: files that
// must not be there, URLs that must answer, ports that must be open.
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { connect } from "node:net";
import type { FileCheckConfig, HealthConfig, HttpCheckConfig, TcpCheckConfig } from "../config/health.ts";
import { formatListenAddress } from "../config/listen-address.ts";
import { showWebhookUrl } from "../config/webhook-url.ts";
import type { HealthCheck } from "../telemetry/health.ts";

/** Of a file on a disk that hangs. */
const FILE_TIMEOUT_MS = 10_000;

/** In distribution's order and under distribution's names: what is looked at. */
export function outsideChecks({ files, http, tcp }: Omit<HealthConfig, "storage">): readonly HealthCheck[] {
  const checks = [...files.map(fileCheck), ...http.map(httpCheck), ...tcp.map(tcpCheck)];
  const names = new Map<string, number>();
  return checks.map((check) => {
    const count = (names.get(check.name) ?? 0) + 1;
    names.set(check.name, count);
    return count === 1 ? check : { ...check, name: `${check.name} (${count})` };
  });
}

function fileCheck({ file, intervalMs, threshold }: FileCheckConfig): HealthCheck {
  const check = async () => {
    if (await exists(file)) throw new Error("the file is there");
  };
  return { name: file, intervalMs, threshold, timeoutMs: FILE_TIMEOUT_MS, check };
}

/** What cannot be looked at is as good as there. */
async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return false;
    throw error;
  }
}

function httpCheck({ url, headers, status, ...pace }: HttpCheckConfig): HealthCheck {
  const sent = Object.entries(headers).flatMap(([name, values]) =>
    values.map((value): [string, string] => [name, value]),
  );
  const check = async (signal: AbortSignal) => {
    // Who answers with a redirect is asked no further: the headers, which may be secret, are for nobody else.
    const question = { method: "HEAD", headers: sent, redirect: "manual", signal } as const;
    const response = await fetch(url, question).catch((error: unknown) => {
      // Its own message says only that it failed; the URL, which may hold secrets, is in neither.
      throw new Error(`it does not answer: ${reasonOf(error)}`);
    });
    await response.body?.cancel();
    if (response.status !== status) throw new Error(`it answered ${response.status}, not ${status}`);
  };
  return { name: showWebhookUrl(url), check, ...pace };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error ? codeOf(cause) : error.message;
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}

function tcpCheck({ host, port, ...pace }: TcpCheckConfig): HealthCheck {
  const check = async (signal: AbortSignal) => {
    const socket = connect({ host, port, signal });
    try {
      await once(socket, "connect");
    } catch (error) {
      throw new Error(`it cannot be reached: ${error instanceof Error ? codeOf(error) : String(error)}`);
    } finally {
      socket.destroy();
    }
  };
  return { name: formatListenAddress({ host, port }), check, ...pace };
}
