/** Reads the value of one message by its description. */
import { bigInteger, hexOf, unsigned } from "./bytes";
import type { FieldForm, MessageForm } from "./description";
import { invalid, oneOf, ProtocolFault, truncated } from "./fault";
import { INSTRUMENT_SIZE, planOf, runFrom, stepsOf, type Plain, type Step } from "./plan";
import { AssetType, IdKind, Venue } from "./schema";
import { InstrumentId, type FieldView, type Leaf } from "./view";

/**
 * Append the fields of the message in `data[start:end]` to `into`. What could be read stays there when it throws.
 * @throws ProtocolFault when the bytes are not what the description wants.
 */
export function readValue(form: MessageForm, data: Uint8Array, start: number, end: number, into: FieldView[]): void {
  const reader = new ValueReader(data, start, end);
  try {
    reader.read(planOf(form), into);
  } catch (reason) {
    throw reader.missing ?? reason;
  }
  reader.finish(form.name);
}

/** Integers up to here are exact as numbers. */
const NUMBER_BITS = 48;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

class ValueReader {
  /** Set when a run is not there as a whole; what there is of it is still read. */
  missing: ProtocolFault | null = null;

  constructor(
    private readonly data: Uint8Array,
    private position: number,
    private readonly end: number,
  ) {}

  finish(name: string): void {
    if (this.position === this.end) return;
    const left = `${this.end - this.position} more bytes`;
    const hint = "the sender's class has other fields than this one";
    throw new ProtocolFault("trailing_bytes", name, this.position, "the end of the value", left, hint);
  }

  read(steps: readonly Step[], into: FieldView[]): void {
    const open: FieldView[] = [];
    let parts = into;
    let runEnd = 0;
    for (const [index, step] of steps.entries()) {
      if (step.does === "close") {
        const view = open.pop();
        if (view !== undefined) view.size = this.position - view.offset;
        parts = open.at(-1)?.parts ?? into;
        continue;
      }
      if (index >= runEnd) {
        const run = runFrom(steps, index);
        this.require(run.path, run.size);
        runEnd = run.end;
      }
      if (step.does === "open") {
        const view = this.view(step.field, "record");
        parts.push(view);
        open.push(view);
        parts = view.parts;
      } else {
        this.step(step, parts);
      }
    }
  }

  private step(step: Exclude<Step, { does: "open" } | { does: "close" }>, into: FieldView[]): void {
    const offset = this.position;
    switch (step.does) {
      case "plain": {
        const value = this.plain(step.type, step.path);
        into.push({ ...this.view(step.field, "value"), value, offset, size: this.position - offset });
        break;
      }
      case "pad": {
        const padding = this.take(step.size);
        const item = into.at(-1);
        if (item !== undefined) item.size = this.position - item.offset;
        if (padding.some((byte) => byte !== 0)) {
          throw invalid(step.path, offset, `${step.size} zero bytes behind it`, hexOf(padding));
        }
        break;
      }
      case "maybe": {
        const before = into.length;
        if (this.flag(step.path)) this.read(step.item, into);
        else into.push(this.view(step.field, "value"));
        const view = into[before];
        if (view !== undefined) Object.assign(view, { offset, size: this.position - offset });
        break;
      }
      case "many":
        this.list(step, into);
    }
  }

  private list(step: Extract<Step, { does: "many" }>, into: FieldView[]): void {
    const view = this.view(step.field, "list");
    const count = this.count(step.path, step.limit, "items");
    into.push(view);
    for (let index = 0; index < count; index += 1) {
      const field = { ...step.field, name: `${index}`, text: "" };
      this.read(stepsOf(step.item, `${step.path}[]`, field), view.parts);
    }
    view.size = this.position - view.offset;
  }

  private plain(type: Plain, path: string): Leaf {
    switch (type.kind) {
      case "integer":
        return this.integer(type.bits, type.signed);
      case "boolean":
        return this.flag(path);
      case "bytes":
        return this.take(type.size);
      case "choice": {
        const offset = this.position;
        const found = unsigned(this.take(type.bits / 8), 0, type.bits / 8);
        const name = type.members.get(found);
        if (name === undefined) throw invalid(path, offset, oneOf(type.members.keys()), `${found}`);
        return name;
      }
      case "instrument":
        return this.instrument(path);
      case "text": {
        const bytes = this.counted(path, type.limit);
        try {
          return utf8.decode(bytes);
        } catch {
          throw invalid(path, this.position - bytes.length, "UTF-8", hexOf(bytes));
        }
      }
      case "blob":
        return this.counted(path, type.limit);
    }
  }

  private integer(bits: number, signed: boolean): Leaf {
    const bytes = this.take(bits / 8);
    if (bits > NUMBER_BITS) return bigInteger(bytes, 0, bytes.length, signed);
    const value = unsigned(bytes, 0, bytes.length);
    return signed && value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
  }

  private flag(path: string): boolean {
    const offset = this.position;
    const [byte = 0] = this.take(1);
    if (byte > 1) throw invalid(path, offset, "0 or 1", `${byte}`);
    return byte === 1;
  }

  private count(path: string, limit: number, what: string): number {
    const offset = this.position;
    const found = unsigned(this.take(2), 0, 2);
    if (found > limit) throw invalid(path, offset, `at most ${limit} ${what}`, `${found}`);
    return found;
  }

  private counted(path: string, limit: number): Uint8Array {
    const size = this.count(path, limit, "bytes");
    this.require(path, size);
    return this.take(size);
  }

  private instrument(path: string): InstrumentId {
    const offset = this.position;
    const bytes = this.take(INSTRUMENT_SIZE);
    const venue = Venue.get(unsigned(bytes, 0, 2));
    const assetType = AssetType.get(bytes[2] ?? 0);
    const kind = IdKind.get(bytes[3] ?? 0);
    const name = kind === "SYMBOL" ? symbolOf(bytes.subarray(4)) : `0x${hexOf(bytes.subarray(4))}`;
    if (venue === undefined || assetType === undefined || kind === undefined || name === null) {
      throw invalid(path, offset, "an instrument id", hexOf(bytes));
    }
    return new InstrumentId(venue, assetType, kind, name);
  }

  private require(path: string, size: number): void {
    const available = this.end - this.position;
    if (size > available) this.missing ??= truncated(path, this.position, size, available, "the value ends there");
  }

  private take(size: number): Uint8Array {
    if (this.missing !== null && this.position + size > this.end) throw this.missing;
    const bytes = this.data.subarray(this.position, this.position + size);
    this.position += size;
    return bytes;
  }

  private view(field: FieldForm, form: FieldView["form"]): FieldView {
    const { name, unit, text } = field;
    return { name, form, value: null, parts: [], unit, text, offset: this.position, size: 0 };
  }
}

/** ASCII padded with zero bytes, or null. */
function symbolOf(body: Uint8Array): string | null {
  let end = body.length;
  while (end > 0 && body[end - 1] === 0) end -= 1;
  const symbol = body.subarray(0, end);
  const sound = symbol.length > 0 && symbol.every((byte) => byte > 0 && byte < 128);
  return sound ? String.fromCharCode(...symbol) : null;
}
