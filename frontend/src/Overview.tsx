import { FreshnessStrip } from "./cards/FreshnessStrip";
import { Opportunities } from "./cards/Opportunities";
import { PositionsCard } from "./cards/PositionsCard";
import { PriceCard } from "./cards/PriceCard";
import { ProfitCard } from "./cards/ProfitCard";
import { Guard } from "./cards/Guard";
import { TaskTree } from "./cards/TaskTree";
import { pages } from "./messages";
import { isUnknown } from "./model/banner";
import { useModel } from "./model/store";

/** The landing page's cards, in reading order; the style sheet only places them. */
export default function Overview() {
  const unknown = useModel(isUnknown);
  return (
    <div className="overview" data-unknown={unknown || undefined}>
      <h1 className="unseen">{pages.overview}</h1>
      <Guard area="fresh">
        <FreshnessStrip />
      </Guard>
      <Guard area="pnl">
        <ProfitCard />
      </Guard>
      <Guard area="price">
        <PriceCard />
      </Guard>
      <Guard area="pos">
        <PositionsCard />
      </Guard>
      <Guard area="opps">
        <Opportunities />
      </Guard>
      <Guard area="tree">
        <TaskTree />
      </Guard>
    </div>
  );
}
