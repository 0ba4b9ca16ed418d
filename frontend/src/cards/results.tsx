import { IconArrowBackUp, IconBan, IconCircleDashed, IconTriangleFilled, IconX } from "@tabler/icons-react";

import type { Opportunity } from "../api/types";
import { words } from "../messages";

const shapes = {
  traded: IconTriangleFilled,
  failed: IconX,
  refused: IconBan,
  pending: IconCircleDashed,
  orphaned: IconArrowBackUp,
};
const tones = { traded: "pos", failed: "neg", refused: "quiet", pending: "quiet", orphaned: "quiet" };

export function ResultShape({ result }: { result: Opportunity["result"] }) {
  const Shape = shapes[result];
  return <Shape size={result === "traded" ? 10 : 13} stroke={2.2} className={tones[result]} aria-hidden="true" />;
}

/** The shape and the word: colour never speaks alone. */
export function Result({ result }: { result: Opportunity["result"] }) {
  return (
    <span className={`result ${tones[result]}`}>
      <ResultShape result={result} />
      {words.results[result]}
    </span>
  );
}
