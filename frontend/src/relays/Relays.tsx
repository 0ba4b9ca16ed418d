import "../styles/pages.css";

import { NotReceived } from "../cards/Card";
import { pages } from "../messages";
import { relays as texts } from "../messages/relays";
import { useTopic } from "../cards/useTopic";
import { isUnknown } from "../model/banner";
import { useModel } from "../model/store";
import { RelayCard } from "./RelayCard";

/** What each relay carries, who listens, and how the links to other processes are. */
export default function Relays() {
  const relays = useTopic("relays");
  const unknown = useModel(isUnknown);
  return (
    <>
      <h1 className="page-title">
        {pages.relays} {relays !== undefined && <span className="meta">{texts.seenBy(relays.process)}</span>}
      </h1>
      <div className="stack" data-unknown={unknown || undefined}>
        {relays === undefined ? <NotReceived /> : relays.relays.map((relay) => <RelayCard key={relay.name} relay={relay} />)}
      </div>
    </>
  );
}
