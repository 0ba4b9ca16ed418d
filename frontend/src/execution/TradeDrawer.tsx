import type { ReactNode } from "react";
import { Drawer } from "@mantine/core";

import { Problem } from "../act/ActDialog";
import type { Trade, TradeLeg, TransactionView } from "../api/types";
import { Missing } from "../cards/Card";
import { Command } from "../cards/Command";
import { Condition } from "../cards/Condition";
import { DataTable, type Column } from "../cards/DataTable";
import { Facts } from "../cards/Facts";
import { Moment } from "../cards/Moment";
import { useReading } from "../cards/useReading";
import { amountExact, countText, integerText, MINUS } from "../format/amount";
import { words } from "../messages";
import { execution as texts } from "../messages/execution";
import { useModel } from "../model/store";
import { amountOf, coinOf, gweiText, instantOf, missedBy, shortHash, type Unit } from "./figures";
import { asNow, standingOf } from "./standing";
import { State } from "./TransactionTable";

const REFRESH_MS = 2000;

interface Props {
  id: string | null;
  told: TransactionView[] | undefined;
  onClose: () => void;
}

/** Everything of one trade, every digit, from what was meant to what the chain did; read anew while it is open. */
export function TradeDrawer({ id, told, onClose }: Props) {
  const { body, problem } = useReading<Trade>(id === null ? null : `/trades/${encodeURIComponent(id)}`, REFRESH_MS);
  return (
    <Drawer
      opened={id !== null}
      onClose={onClose}
      position="right"
      size="xl"
      title={id === null ? "" : texts.showTrade(id)}
      closeButtonProps={{ "aria-label": words.close }}
      attributes={{ header: { role: "presentation" } }}
    >
      {problem !== null && <Problem lines={[problem]} />}
      {body === null && problem === null && <p className="quiet">{words.reading}</p>}
      {body !== null && <Details trade={body} sent={asNow(body.transactions, told)} />}
    </Drawer>
  );
}

function Details({ trade, sent }: { trade: Trade; sent: TransactionView[] }) {
  const { intent } = trade;
  const chain = useModel((model) => model.topics.chains?.chains.find((one) => one.chain_id === intent.chain_id)?.name);
  return (
    <div className="details trade">
      <p>
        <Condition {...standingOf(trade, sent[0])} /> {trade.text}
      </p>
      <Facts
        rows={[
          [texts.strategy, intent.strategy],
          [texts.mode, texts.modes[intent.mode]],
          [texts.chain, chain ?? `${intent.chain_id}`],
          [texts.made, <Moment key="made" instant={instantOf(intent.created_ns)} />],
          [texts.seenAt, texts.log(countText(intent.block_number), intent.log_index)],
          [texts.run, countText(intent.run)],
          [texts.signal, integerText(intent.signal_id)],
        ]}
      />
      <Failure trade={trade} />
      <h3>{texts.legs}</h3>
      <DataTable label={texts.legs} columns={legs} rows={trade.legs} keyOf={(leg) => `${leg.pool} ${leg.token_in}`} />
      <Sums trade={trade} />
      <h3>{texts.order}</h3>
      {sent.length === 0 ? (
        <p className="quiet">{intent.mode === "paper" ? texts.noHash : texts.noTransactions}</p>
      ) : (
        <ol className="sent">
          {sent.toReversed().map((one) => (
            <Sent key={one.hash} one={one} />
          ))}
        </ol>
      )}
    </div>
  );
}

function Failure({ trade: { finding, outcome, intent } }: { trade: Trade }) {
  if (outcome !== "reverted") return null;
  const profit = (raw: string | null) =>
    raw === null ? <Missing cause={texts.notFound} /> : exactly(amountExact(amountOf(raw, intent.token)));
  return (
    <>
      <h3>{texts.finding}</h3>
      {finding === null ? (
        <p className="quiet">{texts.notExamined}</p>
      ) : (
        <>
          <p>{finding.text}</p>
          <dl>
            <Fact name={texts.cause}>
              <b>{texts.causes[finding.cause]}</b>
            </Fact>
            <Fact name={texts.word}>
              <code>{finding.reason}</code>
            </Fact>
            <Fact name={texts.profitSeen}>{profit(finding.expected)}</Fact>
            <Fact name={texts.profitThere}>{profit(finding.found)}</Fact>
            {finding.taken_by !== null && (
              <Fact name={texts.takenBy}>
                <Command text={finding.taken_by} short={shortHash(finding.taken_by)} />
              </Fact>
            )}
          </dl>
        </>
      )}
    </>
  );
}

function Sums({ trade }: { trade: Trade }) {
  const { intent, gas } = trade;
  const missed = missedBy(trade);
  const profit = (raw: string) => exactly(amountExact(amountOf(raw, intent.token)));
  const coins = (wei: string) => amountExact(coinOf(wei, intent.coin));
  const or = (text: string | null, cause: string, shown: (text: string) => string) =>
    text === null ? <Missing cause={cause} /> : shown(text);
  return (
    <>
      <h3>{texts.sums}</h3>
      <dl>
        <Fact name={texts.size}>{profit(intent.size)}</Fact>
        <Fact name={texts.floor}>{profit(intent.minimum_profit)}</Fact>
        <Fact name={texts.flashFee}>{profit(intent.flash_fee)}</Fact>
        <Fact name={texts.gasExpected}>{`${coins(intent.gas_wei)}, ${profit(intent.gas_cost)}`}</Fact>
        <Fact name={texts.gasLimit}>{or(gas.limit, texts.noTransactions, integerText)}</Fact>
        <Fact name={texts.gasUsed}>{or(gas.used, texts.noReceipt, integerText)}</Fact>
        <Fact name={texts.gasPrice}>{or(gas.price_wei, texts.noReceipt, (wei) => `${gweiText(wei)} gwei`)}</Fact>
        <Fact name={texts.gasWei}>{or(gas.wei, texts.noGas, coins)}</Fact>
        <Fact name={texts.gasCost}>{or(gas.cost, texts.noGas, profit)}</Fact>
        <Fact name={texts.expected} total>
          {profit(trade.expected_net)}
        </Fact>
        <Fact name={texts.actual} total>
          {or(trade.actual_net, texts.notEnded, profit)}
        </Fact>
        <Fact name={texts.lessThanExpected} total>
          {or(missed, texts.notEnded, profit)}
        </Fact>
      </dl>
    </>
  );
}

function Sent({ one }: { one: TransactionView }) {
  return (
    <li>
      <State one={one} /> {texts.purposes[one.purpose]} <span className="log">{`${texts.number} ${integerText(`${one.nonce}`)}`}</span>
      <Command text={one.hash} />
      <p className="meta">
        {`${texts.feesOf(gweiText(one.tip_wei), gweiText(one.cap_wei))} gwei \u00b7 ${one.sends === 0 ? texts.never : texts.times(one.sends)} \u00b7 `}
        <Moment instant={instantOf(one.signed_ns)} short />
        {one.text !== "" && ` \u00b7 ${one.text}`}
      </p>
      {one.replaced_by !== null && (
        <p className="meta">
          {texts.replacedBy} <Command text={one.replaced_by} short={shortHash(one.replaced_by)} />
        </p>
      )}
    </li>
  );
}

function Fact({ name, total = false, children }: { name: string; total?: boolean; children: ReactNode }) {
  return (
    <div className={total ? "total" : ""}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function exactly(text: string): string {
  return text.replace("-", MINUS);
}

/** Expected above actual: side by side every digit of both has no room. */
function Swapped({ expected, actual, unit }: { expected: string; actual: string | null; unit: Unit }) {
  return (
    <>
      <span className="swapped">
        <span className="log">{texts.legExpected}</span> {amountExact(amountOf(expected, unit))}
      </span>
      <span className="swapped">
        <span className="log">{texts.legActual}</span>{" "}
        {actual === null ? <Missing cause={texts.noLeg} /> : amountExact(amountOf(actual, unit))}
      </span>
    </>
  );
}

const legs: Column<TradeLeg>[] = [
  { head: texts.pool, wraps: true, cell: (leg) => <b title={leg.pool}>{leg.pool_name}</b> },
  {
    head: texts.sold,
    right: true,
    cell: (leg) => (
      <Swapped
        expected={leg.expected_in}
        actual={leg.actual_in}
        unit={{ address: leg.token_in, symbol: leg.symbol_in, decimals: leg.decimals_in }}
      />
    ),
  },
  {
    head: texts.bought,
    right: true,
    cell: (leg) => (
      <Swapped
        expected={leg.expected_out}
        actual={leg.actual_out}
        unit={{ address: leg.token_out, symbol: leg.symbol_out, decimals: leg.decimals_out }}
      />
    ),
  },
];
