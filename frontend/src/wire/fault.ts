/** What is wrong with bytes that are not Protocol V2, in the words of the daemon's own decoder. */

export type FaultKind =
  | "wrong_magic"
  | "unsupported_version"
  | "unsupported_flags"
  | "wrong_domain"
  | "truncated"
  | "trailing_bytes"
  | "too_large"
  | "checksum_mismatch"
  | "invalid_framing"
  | "invalid_value";

/** The only error of this folder. `offset` counts from the start of the bytes that were given. */
export class ProtocolFault extends Error {
  constructor(
    readonly kind: FaultKind,
    readonly subject: string,
    readonly offset: number,
    readonly expected: string,
    readonly found: string,
    readonly hint: string = "",
  ) {
    const advice = hint === "" ? "" : `; ${hint}`;
    super(`${subject} at byte ${offset}: expected ${expected}, was ${found}${advice}`);
  }
}

/** `hint` says whether more bytes can still come. */
export function truncated(subject: string, offset: number, needed: number, available: number, hint: string): ProtocolFault {
  const missing = needed - available;
  const advice = `${missing} ${missing === 1 ? "byte is" : "bytes are"} missing, ${hint}`;
  return new ProtocolFault("truncated", subject, offset, `${needed} bytes`, `${available} bytes`, advice);
}

export function invalid(subject: string, offset: number, expected: string, found: string): ProtocolFault {
  return new ProtocolFault("invalid_value", subject, offset, expected, found);
}

/** The daemon's way to name the members of an enumeration. */
export function oneOf(numbers: Iterable<number>): string {
  return `one of [${[...numbers].sort((one, other) => one - other).join(", ")}]`;
}
