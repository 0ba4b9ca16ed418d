import { useState } from "react";
import { SegmentedControl } from "@mantine/core";

import { ProfitChart } from "../charts/ProfitChart";
import type { Amount, PnlToken } from "../api/types";
import { amountExact, amountText, amountWithUnit, signOf } from "../format/amount";
import { ageText } from "../format/time";
import { profit as texts } from "../messages";
import { useModel } from "../model/store";
import { Card, Missing, NotReceived } from "./Card";
import { Cost, Profit, Trend } from "./Figures";

export function ProfitCard() {
  const pnl = useModel((model) => model.topics.pnl);
  const mode = useModel((model) => model.topics.status?.mode);
  const lesson = useModel((model) => model.topics.status?.lesson ?? null);
  const [chosen, setChosen] = useState<string | null>(null);
  const token = pnl?.tokens.find((one) => one.token.address === chosen) ?? pnl?.tokens[0];
  const meta = pnl === undefined || mode === undefined ? undefined : texts.meta(pnl.day, mode, pnl.run);
  const several = pnl !== undefined && pnl.tokens.length > 1 && token !== undefined;
  return (
    <Card
      title={texts.title}
      meta={meta}
      className="profit"
      head={
        several && (
          <SegmentedControl
            size="xs"
            aria-label={texts.token}
            data={pnl.tokens.map((one) => ({ value: one.token.address, label: one.token.symbol }))}
            value={token.token.address}
            onChange={setChosen}
          />
        )
      }
    >
      {pnl === undefined ? (
        <NotReceived />
      ) : token === undefined ? (
        <p className="quiet">{texts.none}</p>
      ) : (
        <TokenProfit token={token} run={pnl.run} day={pnl.day} />
      )}
      {pnl !== undefined && pnl.by_strategy.length > 1 && <ByStrategy />}
      {lesson !== null && <p className="lesson">{lesson}</p>}
    </Card>
  );
}

function TokenProfit({ token, run, day }: { token: PnlToken; run: number; day: string }) {
  const clock = useModel((model) => model.topics.status?.clock ?? null);
  const sign = signOf(token.net);
  return (
    <>
      <div className="net" title={amountExact(token.net)} data-testid="net">
        <Trend amount={token.net} />
        <span className={sign > 0 ? "pos" : sign < 0 ? "neg" : "zero"}>{amountText(token.net, "exceptZero")}</span>
        <span className="unit">{token.net.symbol}</span>
      </div>
      <div className="lists">
        <dl>
          <Count name={texts.traded} count={token.traded} />
          <Count name={texts.failed} count={token.failed} />
          <Count name={texts.refused} count={token.refused} />
          <Extreme name={texts.best} amount={token.best} />
          <Extreme name={texts.worst} amount={token.worst} />
          <div>
            <dt>{texts.last}</dt>
            <dd>
              {token.last_trade === null || clock === null ? (
                <Missing cause={texts.noTrade} />
              ) : (
                texts.ago(ageText(token.last_trade, clock))
              )}
            </dd>
          </div>
        </dl>
        <dl>
          <div>
            <dt>{texts.gross}</dt>
            <dd>
              <Profit amount={token.gross} plain />
            </dd>
          </div>
          <Spent name={texts.poolFees} amount={token.pool_fees} />
          <Spent name={texts.flashFees} amount={token.flash_fees} />
          <Spent name={texts.gas} amount={token.gas} />
          <Spent name={texts.gasOfFailed} amount={token.gas_of_failed} />
          <div className="total">
            <dt>{texts.net}</dt>
            <dd>
              <Profit amount={token.net} />
            </dd>
          </div>
          {token.settled !== null && (
            <div title={texts.settledWhy}>
              <dt>{texts.settled}</dt>
              <dd>
                <Profit amount={token.settled} plain />
              </dd>
            </div>
          )}
        </dl>
      </div>
      <ProfitChart
        token={token}
        run={run}
        day={day}
        clock={clock}
        summary={texts.summary(amountWithUnit(token.net, "exceptZero"), token.traded, token.failed)}
      />
    </>
  );
}

function Count({ name, count }: { name: string; count: number }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{count}</dd>
    </div>
  );
}

function Extreme({ name, amount }: { name: string; amount: Amount | null }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{amount === null ? <Missing cause={texts.noTrade} /> : <Profit amount={amount} plain />}</dd>
    </div>
  );
}

function Spent({ name, amount }: { name: string; amount: Amount }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <Cost amount={amount} cause="" />
      </dd>
    </div>
  );
}

function ByStrategy() {
  const rows = useModel((model) => model.topics.pnl?.by_strategy) ?? [];
  return (
    <dl className="by-strategy" aria-label={texts.byStrategy}>
      {rows.map((row) => (
        <div key={`${row.strategy} ${row.day}`}>
          <dt>{row.strategy}</dt>
          <dd>
            {row.tokens.map((one) => (
              <span key={one.token.address}>
                <Profit amount={one.net} /> {one.net.symbol}
              </span>
            ))}
          </dd>
        </div>
      ))}
    </dl>
  );
}
