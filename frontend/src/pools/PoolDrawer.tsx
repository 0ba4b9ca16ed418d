import { Drawer } from "@mantine/core";

import { Problem } from "../act/ActDialog";
import type { PoolDetail, PoolView } from "../api/types";
import { Missing } from "../cards/Card";
import { Command } from "../cards/Command";
import { DataTable, type Column } from "../cards/DataTable";
import { Facts } from "../cards/Facts";
import { useReading } from "../cards/useReading";
import { amountExact, countText, feeText, priceText } from "../format/amount";
import { words } from "../messages";
import { pools as texts } from "../messages/pools";
import { magnitude } from "./magnitude";
import { Trust } from "./Trust";

const REFRESH_MS = 2000;
const LONGEST_PRICE = 9;

/** Every digit of one pool, its ticks, and why it is trusted or not; read anew while it is open. */
export function PoolDrawer({ id, onClose }: { id: string | null; onClose: () => void }) {
  const { body: shown, problem } = useReading<PoolDetail>(id === null ? null : `/pools/${id}`, REFRESH_MS);
  return (
    <Drawer
      opened={id !== null}
      onClose={onClose}
      position="right"
      size="lg"
      title={shown?.pool.name ?? texts.details}
      closeButtonProps={{ "aria-label": words.close }}
      attributes={{ header: { role: "presentation" } }}
    >
      {problem !== null && <Problem lines={[problem]} />}
      {shown === null && problem === null && <p className="quiet">{texts.loading}</p>}
      {shown !== null && <Details detail={shown} />}
    </Drawer>
  );
}

function Details({ detail: { pool, ticks, ticks_known: known } }: { detail: PoolDetail }) {
  return (
    <div className="pool-details">
      <Trust pool={pool} />

      <Facts
        rows={[
          [texts.reason, pool.trust_reason === "" ? texts.trustWhy[pool.trust] : pool.trust_reason],
          [texts.since, orMissing(pool.trust_block === null ? null : countText(pool.trust_block), texts.neverHeard)],
          [texts.stateBlock, orMissing(pool.state_block === null ? null : countText(pool.state_block), texts.priceUnknown)],
          [texts.venue, pool.venue],
          [texts.kind, texts.kinds[pool.kind]],
          [texts.fee, pool.fee_ppm === null ? <Missing key="fee" cause={texts.feeUnknown} /> : feeText(pool.fee_ppm)],
          [texts.price, orMissing(pool.price && `${pool.price.value} ${pool.price.quote}/${pool.price.base}`, texts.priceUnknown)],
        ]}
      />
      <h3>{texts.address}</h3>
      <Command text={pool.address} />
      <h3>{texts.tokens}</h3>
      {pool.tokens.map((token) => (
        <div key={token.address}>
          <b>{token.symbol}</b> <Command text={token.address} />
        </div>
      ))}
      {pool.reserves !== null && (
        <>
          <h3>{texts.reserves}</h3>
          <Facts rows={pool.reserves.map((reserve) => [reserve.symbol, amountExact(reserve)])} />
        </>
      )}
      {pool.liquidity !== null && <Range pool={pool} />}
      <h3>{texts.ticks}</h3>
      {pool.tick_spacing === null ? (
        <p className="quiet">{texts.flat}</p>
      ) : known === null ? (
        <p className="quiet">{texts.noTicks}</p>
      ) : (
        <>
          <p className="meta">{texts.ticksOf(ticks.length, countText(known))}</p>
          <DataTable
            label={texts.ticks}
            columns={tickColumns}
            rows={ticks}
            keyOf={({ tick }) => `${tick}`}
            toneOf={({ tick }) => (pool.tick !== null && tick > pool.tick ? "above" : "below")}
          />
        </>
      )}
    </div>
  );
}

function Range({ pool }: { pool: PoolView }) {
  return (
    <>
      <h3>{texts.liquidity}</h3>
      <Facts
        rows={[
          [texts.liquidity, pool.liquidity ?? ""],
          [texts.tick, `${pool.tick ?? ""}`],
          [texts.spacing, `${pool.tick_spacing ?? ""}`],
          [texts.sqrtPrice, <span key="root" className="mono">{pool.sqrt_price_x96}</span>],
        ]}
      />
    </>
  );
}

/** The ticks at the ends of what a pool can hold have prices of forty digits. */
function shortPrice(price: string): string {
  const [whole = ""] = price.split(".");
  return whole.length > LONGEST_PRICE ? magnitude(whole) : priceText(price);
}

function orMissing(text: string | null, cause: string) {
  return text ?? <Missing cause={cause} />;
}

const tickColumns: Column<PoolDetail["ticks"][number]>[] = [
  { head: texts.tickColumns.tick, right: true, cell: (one) => one.tick },
  { head: texts.tickColumns.price, right: true, cell: (one) => <span title={one.price}>{shortPrice(one.price)}</span> },
  { head: texts.tickColumns.gross, right: true, cell: (one) => <span title={one.gross}>{magnitude(one.gross)}</span> },
  { head: texts.tickColumns.net, right: true, cell: (one) => <span title={one.net}>{magnitude(one.net)}</span> },
];
