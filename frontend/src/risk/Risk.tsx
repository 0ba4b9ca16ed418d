import "../styles/pages.css";

import { NotReceived } from "../cards/Card";
import { Guard } from "../cards/Guard";
import { useTopic } from "../cards/useTopic";
import { pages } from "../messages";
import { isUnknown } from "../model/banner";
import { useModel } from "../model/store";
import { BreakersCard } from "./BreakersCard";
import { HaltsCard } from "./HaltsCard";
import { LevelsCard } from "./LevelsCard";
import { LimitsCard } from "./LimitsCard";

/** What is held and by whom, what every halt did, how close the limits are, and which breakers are open. */
export default function Risk() {
  const risk = useTopic("risk");
  const unknown = useModel(isUnknown);
  return (
    <>
      <h1 className="page-title">{pages.risk}</h1>
      <div className="stack" data-unknown={unknown || undefined}>
        {risk === undefined ? (
          <NotReceived />
        ) : (
          <>
            <Guard area="levels">
              <LevelsCard scopes={risk.levels.scopes} />
            </Guard>
            <Guard area="limits">
              <LimitsCard limits={risk.limits.limits} />
            </Guard>
            <Guard area="breakers">
              <BreakersCard breakers={risk.breakers.breakers} />
            </Guard>
            <Guard area="halts">
              <HaltsCard halts={risk.halts.halts} />
            </Guard>
          </>
        )}
      </div>
    </>
  );
}
