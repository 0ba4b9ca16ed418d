import {
  IconAlertTriangleFilled,
  IconCircleCheckFilled,
  IconCircleDashed,
  IconInfoCircle,
  IconSquareRoundedXFilled,
} from "@tabler/icons-react";

export type Tone = "good" | "warn" | "bad" | "note" | "idle";

const shapes = {
  good: IconCircleCheckFilled,
  warn: IconAlertTriangleFilled,
  bad: IconSquareRoundedXFilled,
  note: IconInfoCircle,
  idle: IconCircleDashed,
};

/** A state: a shape, a colour, and always the word. */
export function Condition({ tone, word }: { tone: Tone; word: string }) {
  const Shape = shapes[tone];
  return (
    <span className="condition" data-tone={tone}>
      <Shape size={13} aria-hidden="true" />
      {word}
    </span>
  );
}
