// Numbers, sizes and times as people read them, and text of a server made
// harmless.

/** "12,345" */
export function formatCount(count: bigint | number): string {
  return count.toLocaleString("en-US");
}

/** "1 event", "12,345 events" */
export function formatQuantity(count: bigint | number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(count)} ${BigInt(count) === 1n ? noun : plural}`;
}

/** "a, b and c" */
export function joinWords(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}

const SIZE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** "417 B", "1.5 MiB" */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), SIZE_UNITS.length - 1);
  return `${(bytes / 1024 ** power).toFixed(1)} ${SIZE_UNITS[power]}`;
}

/** The same of a message's field. */
export function formatBytes(bytes: bigint): string {
  return formatSize(Number(bytes));
}

const TIME_UNITS = [
  { name: "d", milliseconds: 86_400_000 },
  { name: "h", milliseconds: 3_600_000 },
  { name: "min", milliseconds: 60_000 },
  { name: "s", milliseconds: 1000 },
] as const;

/** "85 ms", "1.2 s", "3 min 20 s", "2 d 4 h": at most two units. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 10_000) return `${Number((milliseconds / 1000).toFixed(1))} s`;
  let rest = Math.round(milliseconds / 1000) * 1000;
  const parts: string[] = [];
  for (const unit of TIME_UNITS) {
    const amount = Math.floor(rest / unit.milliseconds);
    rest -= amount * unit.milliseconds;
    if (amount > 0) parts.push(`${amount} ${unit.name}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}

/** "3 min ago", "in 12 s", "now"; one unit is enough. */
export function formatDistance(time: number, now: number): string {
  const distance = Math.abs(time - now);
  const unit = TIME_UNITS.find(({ milliseconds }) => distance >= milliseconds);
  if (unit === undefined) return "now";
  const amount = `${Math.floor(distance / unit.milliseconds)} ${unit.name}`;
  return time < now ? `${amount} ago` : `in ${amount}`;
}

/** "2026-03-01T14:04:05.123Z" */
export function formatIsoTime(time: number): string {
  return new Date(time).toISOString();
}

/** "2026-03-01 15:04:05", where the reader is. */
export function formatLocalTime(time: number): string {
  const date = new Date(time);
  return `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())} ${clock(date)}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** "Mar 01 15:04:05", where the reader is. */
export function formatShortTime(time: number): string {
  const date = new Date(time);
  return `${MONTHS[date.getMonth()]} ${twoDigits(date.getDate())} ${clock(date)}`;
}

/** "15:04:05", where the reader is. */
export function formatClock(time: number): string {
  return clock(new Date(time));
}

function clock(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(":");
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

/** Enough of a digest to know it again: "sha256:0123456789ab". */
export function shortDigest(digest: string | undefined): string {
  const [algorithm = "", hex = ""] = (digest ?? "").split(":");
  return `${algorithm}:${hex.slice(0, 12)}`;
}

/** What a server sends must neither move the cursor of a terminal nor turn its text around. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, "?");
}
