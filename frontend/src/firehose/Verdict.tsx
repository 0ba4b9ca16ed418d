import { IconCircleCheckFilled, IconCircleDashed, IconCircleXFilled } from "@tabler/icons-react";

import { firehose as texts } from "../messages";
import type { ProtocolFault } from "../wire/fault";
import type { FrameView } from "../wire/view";

const shapes = { right: IconCircleCheckFilled, wrong: IconCircleXFilled, unknown: IconCircleDashed };
const tones = { right: "pos", wrong: "neg", unknown: "zero" };
const names = { right: texts.right, wrong: texts.wrong, unknown: texts.unchecked };

interface Props {
  checksum: FrameView["checksum"];
  /** In a list: the shape alone, with the words on hover and for readers. */
  short?: boolean;
}

export function ChecksumVerdict({ checksum, short }: Props) {
  const Shape = shapes[checksum];
  return (
    <span className={`verdict ${tones[checksum]}`} title={short ? names[checksum] : undefined}>
      <Shape size={15} aria-hidden="true" />
      <span className={short ? "unseen" : undefined}>{names[checksum]}</span>
    </span>
  );
}

/** Why the daemon refuses these bytes, in its own words. */
export function Fault({ fault }: { fault: ProtocolFault }) {
  const facts: [string, string][] = [
    [texts.subject, fault.subject],
    [texts.at, fault.offset.toString()],
    [texts.expected, fault.expected],
    [texts.found, fault.found],
    ...(fault.hint === "" ? [] : [[texts.hint, fault.hint] satisfies [string, string]]),
  ];
  return (
    <div className="fault">
      <h3>{texts.fault(fault.kind)}</h3>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
