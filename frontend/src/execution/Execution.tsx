import "../styles/pages.css";
import "../styles/studies.css";
import "../styles/execution.css";

import { useRef } from "react";
import { useSearchParams } from "wouter";

import { Guard } from "../cards/Guard";
import { useTopic } from "../cards/useTopic";
import { pages } from "../messages";
import { isUnknown } from "../model/banner";
import { useModel } from "../model/store";
import { focusRow } from "../shell/focusRow";
import { useShortcuts } from "../shell/shortcuts";
import { TradeDrawer } from "./TradeDrawer";
import { TradesCard } from "./TradesCard";
import { TransactionsCard } from "./TransactionsCard";
import { WalletsCard } from "./WalletsCard";

const TRADE = "trade";

/** What is traded: trades with their ends, the transactions that carry them, and the wallets that send these. */
export default function Execution() {
  const told = useTopic("transactions")?.transactions;
  const unknown = useModel(isUnknown);
  const [params, setParams] = useSearchParams();
  const trades = useRef<HTMLDivElement>(null);
  const show = (id: string | null) => setParams(id === null ? {} : { [TRADE]: id }, { replace: true });
  const step = (by: 1 | -1) => focusRow(trades.current, by);
  useShortcuts({ j: () => step(1), k: () => step(-1) });
  return (
    <>
      <h1 className="page-title">{pages.execution}</h1>
      <div className="stack execution" data-unknown={unknown || undefined}>
        <Guard area="transactions">
          <TransactionsCard told={told} onTrade={show} />
        </Guard>
        <Guard area="wallets">
          <WalletsCard />
        </Guard>
        <Guard area="trades">
          <div ref={trades}>
            <TradesCard told={told} onOpen={show} />
          </div>
        </Guard>
      </div>
      <TradeDrawer id={params.get(TRADE)} told={told} onClose={() => show(null)} />
    </>
  );
}
