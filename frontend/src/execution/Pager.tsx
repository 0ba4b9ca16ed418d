import { execution as texts } from "../messages/execution";

interface Props {
  isFirst: boolean;
  /** What asks for the page behind this one. */
  older: string | null;
  onGo: (before: string | null) => void;
}

export function Pager({ isFirst, older, onGo }: Props) {
  if (isFirst && older === null) return null;
  return (
    <div className="row-buttons">
      {!isFirst && (
        <button type="button" className="small-button" onClick={() => onGo(null)}>
          {texts.newest}
        </button>
      )}
      {older !== null && (
        <button type="button" className="small-button" onClick={() => onGo(older)}>
          {texts.older}
        </button>
      )}
    </div>
  );
}
