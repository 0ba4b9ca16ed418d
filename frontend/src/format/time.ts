/** Moments and durations as text. UTC always, and written. */
import type { Instant } from "../api/types";

/** Milliseconds since 1970 of a moment the server sent. */
export function millis(instant: Instant): number {
  return Date.parse(instant.iso);
}

/** "2024-01-05", "14:26:08 UTC", or both when the day is not `today`. */
export function clockText(ms: number, todayMs: number): string {
  const iso = new Date(ms).toISOString();
  const time = `${iso.slice(11, 19)} UTC`;
  return iso.slice(0, 10) === new Date(todayMs).toISOString().slice(0, 10) ? time : `${iso.slice(0, 10)} ${time}`;
}

/** "14:26:08": for columns whose head says UTC. */
export function timeOfDay(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}

/** "2024-01-05 07:14:59 UTC". */
export function dateAndTime(ms: number): string {
  const iso = new Date(ms).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
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

/** What hovering over a moment tells: the time where the reader is. */
export function localText(ms: number): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const time = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", dateStyle: "medium" }).format(ms);
  return `${time} in ${zone}`;
}
