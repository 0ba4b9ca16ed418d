/**
 * The steps in which a value is read. Records lie flat in them, so that the fields up to the next one of variable size
 * are one run: as in the daemon's decoder, a run is there as a whole or is truncated as a whole.
 */
import type { FieldForm, RecordForm, WireType } from "./description";

export type Plain = Extract<WireType, { kind: "integer" | "boolean" | "bytes" | "choice" | "instrument" | "text" | "blob" }>;

interface Place {
  /** Where the value stands, as errors name it: `PoolSwap.stamp.block_number`. */
  path: string;
  field: FieldForm;
}

export type Step =
  | (Place & { does: "open" })
  | { does: "close" }
  | (Place & { does: "plain"; type: Plain })
  | (Place & { does: "pad"; size: number })
  | (Place & { does: "maybe"; item: readonly Step[] })
  | (Place & { does: "many"; item: WireType; limit: number });

export const INSTRUMENT_SIZE = 24;

const plans = new WeakMap<RecordForm, readonly Step[]>();

/** The steps of the fields of a message. */
export function planOf(form: RecordForm): readonly Step[] {
  let plan = plans.get(form);
  if (plan === undefined) {
    plan = form.fields.flatMap((field) => stepsOf(field.type, `${form.name}.${field.name}`, field));
    plans.set(form, plan);
  }
  return plan;
}

/** The steps of one value. */
export function stepsOf(type: WireType, path: string, field: FieldForm): Step[] {
  switch (type.kind) {
    case "record": {
      const fields = type.form.fields.flatMap((part) => stepsOf(part.type, `${path}.${part.name}`, part));
      return [{ does: "open", path, field }, ...fields, { does: "close" }];
    }
    case "maybe":
      return [{ does: "maybe", path, field, item: stepsOf(type.item, path, field) }];
    case "many":
      return [{ does: "many", path, field, item: type.item, limit: type.limit }];
    case "padded":
      return [...stepsOf(type.item, path, field), { does: "pad", path, field, size: type.size }];
    default:
      return [{ does: "plain", path, field, type }];
  }
}

export interface Run {
  /** The first value of the run. */
  path: string;
  size: number;
  /** The index of the step behind it. */
  end: number;
}

/** The run that begins with the step at `start`: all values up to and with the first count, length or presence byte. */
export function runFrom(steps: readonly Step[], start: number): Run {
  const run: Run = { path: "", size: 0, end: steps.length };
  for (let index = start; index < steps.length; index += 1) {
    const step = steps[index];
    if (step === undefined || step.does === "open" || step.does === "close") continue;
    if (run.path === "") run.path = step.path;
    run.size += headSize(step);
    if (step.does === "maybe" || step.does === "many" || (step.does === "plain" && isVariable(step.type))) {
      run.end = index + 1;
      break;
    }
  }
  return run;
}

function isVariable(type: Plain): boolean {
  return type.kind === "text" || type.kind === "blob";
}

/** Bytes that a step takes for certain. */
function headSize(step: Exclude<Step, { does: "open" } | { does: "close" }>): number {
  switch (step.does) {
    case "pad":
      return step.size;
    case "maybe":
      return 1;
    case "many":
      return 2;
    case "plain":
      return plainSize(step.type);
  }
}

function plainSize(type: Plain): number {
  switch (type.kind) {
    case "integer":
    case "choice":
      return type.bits / 8;
    case "boolean":
      return 1;
    case "bytes":
      return type.size;
    case "instrument":
      return INSTRUMENT_SIZE;
    case "text":
    case "blob":
      return 2;
  }
}
