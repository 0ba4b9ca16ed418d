/** How long an override lasts, as it is typed. */
const MOST_MINUTES = 1440;

/** Seconds of whole minutes from 1 to 1440; null for anything else. */
export function minutesOf(text: string): number | null {
  if (!/^\d{1,4}$/.test(text)) return null;
  const minutes = [...text].reduce((sum, digit) => sum * 10 + "0123456789".indexOf(digit), 0);
  return minutes >= 1 && minutes <= MOST_MINUTES ? minutes * 60 : null;
}
