/** Bytes as numbers and as hex text. */

const DIGITS = "0123456789abcdef";

/** An unsigned little-endian integer of at most six bytes. */
export function unsigned(data: Uint8Array, offset: number, size: number): number {
  let value = 0;
  for (let index = size - 1; index >= 0; index -= 1) value = value * 256 + (data[offset + index] ?? 0);
  return value;
}

/** A little-endian integer of any size. */
export function bigInteger(data: Uint8Array, offset: number, size: number, signed: boolean): bigint {
  const value = BigInt(`0x${hexOf(data.slice(offset, offset + size).reverse())}`);
  return signed ? BigInt.asIntN(size * 8, value) : value;
}

export function hexOf(data: Uint8Array): string {
  let text = "";
  for (const byte of data) text += hexByte(byte);
  return text;
}

/** Two digits. */
export function hexByte(byte: number): string {
  return DIGITS.charAt(byte >> 4) + DIGITS.charAt(byte & 15);
}

/** The bytes of plain hex text without separators, or null if it is none. */
export function bytesOf(hex: string): Uint8Array | null {
  if (hex.length % 2 !== 0) return null;
  const data = new Uint8Array(hex.length / 2);
  for (let index = 0; index < data.length; index += 1) {
    const high = DIGITS.indexOf(hex.charAt(2 * index).toLowerCase());
    const low = DIGITS.indexOf(hex.charAt(2 * index + 1).toLowerCase());
    if (high < 0 || low < 0) return null;
    data[index] = high * 16 + low;
  }
  return data;
}
