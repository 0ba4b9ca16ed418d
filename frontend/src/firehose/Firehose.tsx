import "../styles/firehose.css";

import { useEffect, useState } from "react";

import { Card } from "../cards/Card";
import { dashboard } from "../dashboard";
import { countText } from "../format/amount";
import { firehose as texts, pages } from "../messages";
import { useFirehose, type SeenFrame } from "../model/firehose";
import { FrameCard } from "./FrameCard";
import { inspect, inspected, type Inspected } from "./inspected";
import { LiveCard } from "./LiveCard";
import { PasteCard } from "./PasteCard";

type Chosen = { live: SeenFrame } | { pasted: Inspected };

/** What passes on the relays, byte by byte. The daemon sends it only while this page is open. */
export default function Firehose() {
  useEffect(() => dashboard.listen("firehose"), []);
  const first = useFirehose(({ frames }) => frames[0]);
  const [selected, setSelected] = useState<Chosen | null>(null);
  // Until something is chosen the first frame stays: it does not change under the reader's eyes.
  const [opening, setOpening] = useState<SeenFrame | undefined>(first);
  if (opening === undefined && first !== undefined) setOpening(first);
  const chosen = selected ?? (opening === undefined ? null : { live: opening });
  return (
    <>
      <h1 className="page-title">{pages.firehose}</h1>
      <div className="firehose">
        <LiveCard
          chosen={chosen !== null && "live" in chosen ? chosen.live : null}
          onChoose={(live) => setSelected({ live })}
        />
        <Shown chosen={chosen} />
        <PasteCard onDecode={(data) => setSelected({ pasted: inspect(data) })} />
      </div>
    </>
  );
}

function Shown({ chosen }: { chosen: Chosen | null }) {
  if (chosen === null) {
    return (
      <Card title={texts.nothing} className="frame">
        <p className="quiet">{texts.nothingText}</p>
      </Card>
    );
  }
  // Another frame begins without a mark.
  if ("live" in chosen) {
    const { id, n } = chosen.live;
    return <FrameCard key={id} title={texts.frame(countText(n))} frame={inspected(chosen.live)} />;
  }
  return <FrameCard title={texts.pasted} frame={chosen.pasted} />;
}
