import { refusal, type Act } from "../model/roles";
import { useModel } from "../model/store";

interface Props {
  act: Act;
  text: string;
  /** What a reader hears where the text alone does not say on what. */
  name?: string;
  onAct: () => void;
}

/** A button that says why the role may not, instead of doing nothing. */
export function ActButton({ act, text, name, onAct }: Props) {
  const why = useRefusal(act);
  return (
    <button
      type="button"
      className="small-button"
      aria-label={name}
      aria-disabled={why !== null || undefined}
      title={why ?? undefined}
      onClick={() => why === null && onAct()}
    >
      {text}
    </button>
  );
}

/** Why the person who is logged in may not do that; null if he may. */
export function useRefusal(act: Act): string | null {
  const role = useModel((model) => model.who?.role ?? null);
  return refusal(role, act);
}

/** The reason in words, where buttons are refused. */
export function Refused({ act }: { act: Act }) {
  const why = useRefusal(act);
  return why === null ? null : <p className="meta">{why}</p>;
}
