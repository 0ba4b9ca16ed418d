import { useEffect, useState, type KeyboardEvent, type MouseEvent, type PointerEvent } from "react";
import { Button, Modal } from "@mantine/core";

import { browserClock, dashboard } from "../dashboard";
import { stop as texts, words } from "../messages";
import { Hold } from "../stop/hold";
import { newKey } from "../stop/request";
import { isHalted } from "../model/banner";
import { useModel } from "../model/store";
import { StopShape } from "./shapes";

const HOLD_KEYS = new Set([" ", "Enter"]);
const CHORD_KEYS = new Set(["KeyS", "AltLeft", "AltRight", "ShiftLeft", "ShiftRight"]);

/** Press and hold, by pointer, Space, Enter, or Alt+Shift+S from anywhere; a click no hold can come from asks first. */
export function StopButton() {
  const halted = useModel((model) => isHalted(model.topics.status));
  const viewer = useModel((model) => model.who?.role === "viewer");
  const { hold, holding, hint } = useHold();
  const [asking, setAsking] = useState(false);
  useChord(hold, viewer);

  const down = (event: PointerEvent<HTMLButtonElement>) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    hold.begin();
  };
  const keyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") hold.abort();
    if (!HOLD_KEYS.has(event.key)) return;
    event.preventDefault();
    if (!event.repeat) hold.begin();
  };
  const keyUp = (event: KeyboardEvent) => {
    if (!HOLD_KEYS.has(event.key)) return;
    event.preventDefault();
    hold.release(event.timeStamp);
  };
  const click = (event: MouseEvent) => {
    if (event.detail === 0) setAsking(true); // a screen reader or a switch: no hold can come from it
  };

  return (
    <div className="stop-place">
      <button
        type="button"
        className="stop"
        disabled={viewer}
        data-again={halted || undefined}
        data-holding={holding || undefined}
        onPointerDown={down}
        onPointerUp={(event) => hold.release(event.timeStamp)}
        onPointerCancel={() => hold.abort()}
        onBlur={() => hold.abort()}
        onKeyDown={keyDown}
        onKeyUp={keyUp}
        onClick={click}
        onContextMenu={(event) => event.preventDefault()}
        aria-keyshortcuts="Alt+Shift+S"
      >
        <StopShape size={18} />
        {halted ? texts.again : texts.button}
        <small>
          <span className="hint">{texts.hint}</span>
          <span className="hint-held">{texts.holding}</span>
        </small>
      </button>
      <div className="stop-hint" role="status" data-shown={viewer || hint !== "" || undefined}>
        {viewer ? texts.viewer : hint}
      </div>
      <StopDialog opened={asking} onClose={() => setAsking(false)} />
    </div>
  );
}

const HINT_MS = 4000;

function useHold() {
  const [holding, setHolding] = useState(false);
  const [hint, setHint] = useState("");
  const [hold] = useState(() => {
    let key = ""; // of the hold under way: made when it begins, so that a repeated request is the same stop
    return new Hold(browserClock, {
      began: () => {
        key = newKey();
        setHint("");
        setHolding(true);
      },
      fired: () => {
        setHolding(false);
        dashboard.stop.start(key);
      },
      released: () => {
        setHolding(false);
        setHint(texts.early);
      },
      aborted: () => {
        setHolding(false);
        setHint(texts.aborted);
      },
    });
  });
  useEffect(() => {
    const abort = () => hold.abort();
    window.addEventListener("blur", abort);
    return () => window.removeEventListener("blur", abort);
  }, [hold]);
  useEffect(() => {
    if (hint === "") return;
    const timer = window.setTimeout(() => setHint(""), HINT_MS);
    return () => window.clearTimeout(timer);
  }, [hint]);
  return { hold, holding, hint };
}

/** Alt+Shift+S from anywhere, also inside fields and dialogs. */
function useChord(hold: Hold, viewer: boolean): void {
  useEffect(() => {
    if (viewer) return;
    const down = (event: globalThis.KeyboardEvent) => {
      if (event.key === "Escape") hold.abort();
      if (event.code !== "KeyS" || !event.altKey || !event.shiftKey) return;
      event.preventDefault();
      if (!event.repeat) hold.begin();
    };
    const up = (event: globalThis.KeyboardEvent) => {
      if (CHORD_KEYS.has(event.code)) hold.release(event.timeStamp);
    };
    window.addEventListener("keydown", down, { capture: true });
    window.addEventListener("keyup", up, { capture: true });
    return () => {
      window.removeEventListener("keydown", down, { capture: true });
      window.removeEventListener("keyup", up, { capture: true });
    };
  }, [hold, viewer]);
}

function StopDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const stopNow = () => {
    dashboard.stop.start(newKey());
    onClose();
  };
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={texts.dialogTitle}
      centered
      closeButtonProps={{ "aria-label": words.close }}
      attributes={{ header: { role: "presentation" } }}
    >
      <p>{texts.dialogText}</p>
      <div className="dialog-actions">
        <Button variant="default" onClick={onClose}>
          {words.cancel}
        </Button>
        <Button className="stop-now" data-autofocus onClick={stopNow}>
          {texts.now}
        </Button>
      </div>
    </Modal>
  );
}
