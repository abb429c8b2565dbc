/** Which page is shown: the one to sign in on, or the rooms. */
import { Gate } from "lineshaft-web-shared/account/gate.tsx";
import { Shell } from "./frame/shell.tsx";
import { Brand } from "./parts/brand.tsx";

const ENTRANCE = {
  brand: <Brand size="lg" />,
  purpose: "Rooms and direct messages for your team.",
  invitation: "One account for all rooms.",
};

export function App() {
  return <Gate entrance={ENTRANCE}>{({ id }) => <Shell key={id} />}</Gate>;
}
