import { useState, type ReactNode } from "react";

import { ActButton, Refused } from "../act/ActButton";
import { Problem } from "../act/ActDialog";
import type { AuditView, Wallets, WalletView } from "../api/types";
import { Answered } from "../cards/Answered";
import { Card, Missing } from "../cards/Card";
import { Command } from "../cards/Command";
import { Condition } from "../cards/Condition";
import { DataTable, type Column } from "../cards/DataTable";
import { Facts } from "../cards/Facts";
import { Plain } from "../cards/Figures";
import { Share, shareUsed } from "../cards/Share";
import { useReading } from "../cards/useReading";
import { amountExact, amountText, countText, integerText } from "../format/amount";
import { execution as texts } from "../messages/execution";
import { useModel } from "../model/store";
import { coinOf, differenceOf, gasOfHour, shortHash, symbolText, type Unit } from "./figures";
import { Quantity } from "./Quantity";
import { GapDialog } from "./ReplaceDialog";

const REFRESH_MS = 2000;

/** The wallets that trade: numbers, balance, gas, and what the books say beside what the chain says. */
export function WalletsCard() {
  const reading = useReading<Wallets>("/wallets", REFRESH_MS);
  return (
    <Card title={texts.wallets}>
      <Answered reading={reading} failed={texts.failed}>
        {({ wallets }) =>
          wallets.length === 0 ? (
            <NoWallets />
          ) : (
            <>
              <GasOfHour wallets={wallets} />
              {wallets.map((wallet) => (
                <Wallet key={`${wallet.chain_id} ${wallet.address}`} wallet={wallet} />
              ))}
              <Refused act="transact" />
            </>
          )
        }
      </Answered>
    </Card>
  );
}

/** None, and why: on paper the daemon says itself what it misses for live trading, if that was wanted. */
function NoWallets() {
  const paper = useModel((model) => model.topics.status?.mode === "paper");
  const assumption = useModel((model) => model.topics.status?.assumption);
  return (
    <>
      <p className="quiet">{paper ? texts.noWalletsPaper : texts.noWallets}</p>
      {paper && assumption !== undefined && <p className="meta">{assumption}</p>}
    </>
  );
}

/** The limit is one of all wallets together, so the bar is too. */
function GasOfHour({ wallets }: { wallets: WalletView[] }) {
  const { used, budget, coin } = gasOfHour(wallets);
  const share = budget === null ? null : shareUsed(used, budget);
  const paid = coinOf(used, coin);
  return (
    <Facts
      rows={[
        [
          texts.gasOfHour,
          <span key="gas" title={amountExact(paid)}>
            {share === null || budget === null ? (
              <>
                {amountText(paid)} {coin} <span className="log">{texts.noBudget}</span>
              </>
            ) : (
              <Share
                share={share}
                words={`${share.percent}, ${texts.ofBudget(amountText(paid), amountText(coinOf(budget, coin)), coin)}`}
              />
            )}
          </span>,
        ],
      ]}
      className="gas-of-hour"
    />
  );
}

function Wallet({ wallet }: { wallet: WalletView }) {
  const [gap, setGap] = useState<number | null>(null);
  return (
    <section className="wallet" aria-label={wallet.name}>
      <h3>{wallet.name}</h3>
      {wallet.problem !== null && <Problem lines={[wallet.problem]} />}
      <FactsOf wallet={wallet} />
      {wallet.gaps.map((nonce) => (
        <p key={nonce} className="gap">
          {texts.gap(integerText(`${nonce}`))}{" "}
          <ActButton act="transact" text={texts.fill} name={texts.fillNamed(`${nonce}`, wallet.name)} onAct={() => setGap(nonce)} />
        </p>
      ))}
      {wallet.audits.length === 0 ? (
        <p className="quiet">{texts.noAudits}</p>
      ) : (
        <DataTable
          label={texts.audits(wallet.name)}
          columns={audits}
          rows={wallet.audits}
          keyOf={({ token }) => token ?? ""}
          toneOf={({ equal }) => (equal ? undefined : "bad")}
        />
      )}
      {gap !== null && <GapDialog wallet={wallet} nonce={gap} onClose={() => setGap(null)} />}
    </section>
  );
}

function FactsOf({ wallet }: { wallet: WalletView }) {
  const chain = useModel((model) => model.topics.chains?.chains.find((one) => one.chain_id === wallet.chain_id)?.name);
  const coins = (wei: string): ReactNode => (
    <>
      <Plain amount={coinOf(wei, wallet.coin)} /> {wallet.coin}
    </>
  );
  const { balance_wei: balance, as_of_block: block, mined_nonce: awaited } = wallet;
  return (
    <Facts
      rows={[
        [
          texts.balance,
          balance === null ? (
            <Missing key="balance" cause={texts.noBalance} />
          ) : (
            <span key="balance">
              {coins(balance)} {block !== null && <span className="log">{texts.asOf(countText(block))}</span>}
            </span>
          ),
        ],
        [texts.next, integerText(`${wallet.next_nonce}`)],
        [texts.awaited, awaited === null ? <Missing key="awaited" cause={texts.noAwaited} /> : integerText(`${awaited}`)],
        [texts.openCount, countText(wallet.open)],
        [texts.gas, coins(wallet.gas_hour_wei)],
        [texts.chain, chain ?? `${wallet.chain_id}`],
        [texts.signer, texts.signers[wallet.signer]],
        [texts.address, <Command key="address" text={wallet.address} short={shortHash(wallet.address)} />],
        [texts.executor, <Command key="executor" text={wallet.executor} short={shortHash(wallet.executor)} />],
      ]}
    />
  );
}

function tokenOf({ token, symbol, decimals }: AuditView): Unit {
  return { address: token ?? "", symbol, decimals };
}

const audits: Column<AuditView>[] = [
  { head: texts.token, cell: (one) => <b title={one.token ?? undefined}>{symbolText(one)}</b> },
  { head: texts.books, right: true, cell: (one) => <Quantity raw={one.books} unit={tokenOf(one)} bare /> },
  { head: texts.onChain, right: true, cell: (one) => <Quantity raw={one.chain} unit={tokenOf(one)} bare /> },
  {
    head: texts.difference,
    right: true,
    cell: (one) => <Quantity raw={differenceOf(one.books, one.chain)} unit={tokenOf(one)} as="profit" bare />,
  },
  { head: texts.atBlock, right: true, cell: (one) => countText(one.block_number) },
  {
    head: texts.audit,
    cell: ({ equal }) => <Condition tone={equal ? "good" : "bad"} word={equal ? texts.equal : texts.unequal} />,
  },
];
