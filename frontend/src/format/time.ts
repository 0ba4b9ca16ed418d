/** Moments and durations as text: in UTC, or where the reader is if he chose that; which one is always written. */
import type { Instant } from "../api/types";
import { isLocal } from "./style";

/** Milliseconds since 1970 of a moment the server sent. */
export function millis(instant: Instant): number {
  return Date.parse(instant.iso);
}

const localTime = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const localZone = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" });
// Sweden writes days as ISO 8601 does.
const localDay = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short" });

/** "2024-01-05". */
function day(ms: number): string {
  return isLocal() ? localDay.format(ms) : new Date(ms).toISOString().slice(0, 10);
}

/** What the times of that moment are in: "UTC", or the reader's zone, such as "CET" or "GMT+5". */
export function zoneWord(ms: number = Date.now()): string {
  if (!isLocal()) return "UTC";
  return localZone.formatToParts(ms).find(({ type }) => type === "timeZoneName")?.value ?? "local";
}

/** "14:26:08 UTC", with the day before it when that is not `today`. */
export function clockText(ms: number, todayMs: number): string {
  const time = `${timeOfDay(ms)} ${zoneWord(ms)}`;
  return day(ms) === day(todayMs) ? time : `${day(ms)} ${time}`;
}

/** "14:26:08": for columns whose head says in which zone. */
export function timeOfDay(ms: number): string {
  return isLocal() ? localTime.format(ms) : new Date(ms).toISOString().slice(11, 19);
}

/** "2024-01-05 07:14:59 UTC". */
export function dateAndTime(ms: number): string {
  return `${day(ms)} ${timeOfDay(ms)} ${zoneWord(ms)}`;
}

/** 0.3 s, 12 s, 74 s, 6 min 12 s, 2 h 05 min, 3 d 4 h. A negative length (clocks differ) counts as none. */
export function durationText(ms: number): string {
  const length = Math.max(0, ms);
  if (length < 1000) return `${(Math.floor(length / 100) / 10).toFixed(1)} s`;
  const seconds = Math.floor(length / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${(minutes % 60).toString().padStart(2, "0")} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Whole milliseconds of a length in nanoseconds sent as text. */
export function millisOfNanos(ns: string): number {
  // eslint-disable-next-line no-restricted-syntax -- a length of time, not an amount
  return Number(BigInt(ns) / 1_000_000n);
}

/** Age of `then`, both moments of the same clock. */
export function ageText(then: Instant, now: Instant): string {
  return durationText(millis(now) - millis(then));
}

/** What hovering over a moment tells: the time where the reader is, or UTC if he reads his own already. */
export function localText(ms: number): string {
  if (isLocal()) return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const time = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", dateStyle: "medium" }).format(ms);
  return `${time} in ${zone}`;
}
