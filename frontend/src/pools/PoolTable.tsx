import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { memo, type ReactNode } from "react";

import type { PoolView } from "../api/types";
import { Missing } from "../cards/Card";
import { amountExact, amountText, countText, feeText, priceText } from "../format/amount";
import { ageText, durationText, localText, millis } from "../format/time";
import { pools as texts } from "../messages/pools";
import { useSecond } from "../model/second";
import { useModel } from "../model/store";
import type { ColumnName, Order } from "./rows";
import { magnitude } from "./magnitude";
import { Trust } from "./Trust";

interface Column {
  name: ColumnName | "depth";
  head: string;
  right?: boolean;
  cell: (pool: PoolView, onOpen: (id: string) => void) => ReactNode;
}

const COLUMNS: Column[] = [
  {
    name: "name",
    head: texts.name,
    cell: (pool, onOpen) => (
      <button type="button" className="row-name" title={pool.address} onClick={() => onOpen(pool.id)}>
        {pool.name}
      </button>
    ),
  },
  { name: "venue", head: texts.venue, cell: ({ venue }) => venue },
  { name: "kind", head: texts.kind, cell: ({ kind }) => texts.kinds[kind] },
  { name: "fee", head: texts.fee, right: true, cell: (pool) => <Fee pool={pool} /> },
  { name: "price", head: texts.price, right: true, cell: (pool) => <PoolPrice pool={pool} /> },
  { name: "depth", head: texts.depth, right: true, cell: (pool) => <Depth pool={pool} /> },
  { name: "trust", head: texts.trust, cell: (pool) => <Trust pool={pool} /> },
  {
    name: "block",
    head: texts.lastBlock,
    right: true,
    cell: ({ last_block }) => (last_block === null ? <Missing cause={texts.neverHeard} /> : countText(last_block)),
  },
  { name: "event", head: texts.lastEvent, right: true, cell: (pool) => <Age pool={pool} /> },
  { name: "events", head: texts.events, right: true, cell: ({ events }) => countText(events) },
];

interface Props {
  pools: PoolView[];
  order: Order;
  onOrder: (order: Order) => void;
  onOpen: (id: string) => void;
}

/** A row for each pool; on narrow screens each becomes a small card. */
export function PoolTable({ pools, order, onOrder, onOpen }: Props) {
  return (
    <table className="data" aria-label={texts.title}>
      <thead>
        <tr>
          {COLUMNS.map(({ name, head, right }) => (
            <th
              key={name}
              scope="col"
              className={right === true ? "right" : undefined}
              aria-sort={name === order.by ? (order.down ? "descending" : "ascending") : undefined}
            >
              {name === "depth" ? head : <Head name={name} head={head} order={order} onOrder={onOrder} />}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {pools.map((pool) => (
          <Row key={pool.id} pool={pool} onOpen={onOpen} />
        ))}
      </tbody>
    </table>
  );
}

function Head({ name, head, order, onOrder }: { name: ColumnName; head: string } & Pick<Props, "order" | "onOrder">) {
  const chosen = name === order.by;
  const Arrow = order.down ? IconArrowDown : IconArrowUp;
  return (
    <button type="button" className="sort" onClick={() => onOrder({ by: name, down: chosen && !order.down })}>
      {head}
      {chosen && <Arrow size={12} aria-hidden="true" />}
    </button>
  );
}

const Row = memo(function Row({ pool, onOpen }: { pool: PoolView; onOpen: (id: string) => void }) {
  return (
    <tr data-tone={pool.trust === "divergent" ? "bad" : undefined}>
      {COLUMNS.map(({ name, head, right, cell }) => (
        <td key={name} data-head={head} className={right === true ? "right" : undefined}>
          {cell(pool, onOpen)}
        </td>
      ))}
    </tr>
  );
}, sameRow);

/** The page's own handlers are new at each render and say the same. */
function sameRow(before: { pool: PoolView }, after: { pool: PoolView }): boolean {
  return before.pool === after.pool;
}

function Fee({ pool }: { pool: PoolView }) {
  if (pool.fee_ppm === null) return <Missing cause={texts.feeUnknown} />;
  return (
    <>
      {feeText(pool.fee_ppm)}
      {pool.fee_is_dynamic && <span className="log"> {texts.dynamic}</span>}
    </>
  );
}

function PoolPrice({ pool }: { pool: PoolView }) {
  if (pool.price === null) return <Missing cause={texts.priceUnknown} />;
  const { value, base, quote } = pool.price;
  return (
    <span title={`${value} ${quote}/${base}`}>
      {priceText(value)} <span className="log">{`${quote}/${base}`}</span>
    </span>
  );
}

function Depth({ pool }: { pool: PoolView }) {
  if (pool.reserves !== null) {
    return (
      <>
        {pool.reserves.map((reserve) => (
          <span key={reserve.token} className="reserve" title={amountExact(reserve)}>
            {amountText(reserve)} <span className="log">{reserve.symbol}</span>
          </span>
        ))}
      </>
    );
  }
  if (pool.liquidity === null) return <Missing cause={texts.depthUnknown} />;
  return <span title={pool.liquidity}>{magnitude(pool.liquidity)}</span>;
}

function Age({ pool }: { pool: PoolView }) {
  const now = useSecond();
  const recorded = useModel((model) => model.topics.chains?.chains.find((one) => one.chain_id === pool.chain_id)?.recorded);
  const clock = useModel((model) => model.topics.status?.clock ?? null);
  const { last_event: event } = pool;
  if (event === null) return <Missing cause={texts.neverHeard} />;
  const ms = millis(event);
  const age = recorded === true ? (clock === null ? null : ageText(event, clock)) : durationText(now - ms);
  return (
    <time dateTime={event.iso} title={localText(ms)}>
      {age ?? localText(ms)}
    </time>
  );
}
