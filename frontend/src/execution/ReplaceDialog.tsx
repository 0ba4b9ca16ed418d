import { notifications } from "@mantine/notifications";

import { ConfirmDialog } from "../act/ActDialog";
import { acts } from "../api/act";
import type { TransactionView, WalletView } from "../api/types";
import { Facts } from "../cards/Facts";
import { integerText } from "../format/amount";
import { execution as texts } from "../messages/execution";
import { bumped, gweiText, shortHash } from "./figures";

/** What a person wants done about a transaction. */
export interface Replacement {
  act: "bump" | "cancel";
  one: TransactionView;
}

/** Another transaction takes the place of one: says which, and for how much. */
export function ReplaceDialog({ asked: { act, one }, onClose }: { asked: Replacement; onClose: () => void }) {
  const nonce = integerText(`${one.nonce}`);
  const words =
    act === "bump"
      ? { title: texts.bumpTitle(nonce), text: texts.bumpText, submit: texts.bumpSubmit }
      : { title: texts.cancelTitle(nonce), text: texts.cancelText, submit: texts.cancelSubmit, grave: true };
  const raised = (wei: string) => texts.atLeast(gweiText(wei), gweiText(bumped(wei)));
  return (
    <ConfirmDialog
      {...words}
      cancel={texts.keep}
      fields={
        <Facts
          rows={[
            [texts.hash, <code key="hash" title={one.hash}>{shortHash(one.hash)}</code>],
            [texts.wallet, one.wallet_name],
            [texts.tip, raised(one.tip_wei)],
            [texts.most, raised(one.cap_wei)],
          ]}
        />
      }
      run={() => acts[act](one.hash)}
      onDone={(sent) => done(sent, onClose)}
      onClose={onClose}
    />
  );
}

/** A number that nothing has is used up. */
export function GapDialog({ wallet, nonce, onClose }: { wallet: WalletView; nonce: number; onClose: () => void }) {
  return (
    <ConfirmDialog
      title={texts.fillTitle(integerText(`${nonce}`))}
      text={texts.fillText}
      submit={texts.fillSubmit}
      cancel={texts.keep}
      run={() => acts.fillGap(wallet.address, nonce)}
      onDone={(sent) => done(sent, onClose)}
      onClose={onClose}
    />
  );
}

function done(sent: TransactionView, onClose: () => void): void {
  notifications.show({ message: `${texts.filled(integerText(`${sent.nonce}`))} ${shortHash(sent.hash)}`, withCloseButton: true });
  onClose();
}
