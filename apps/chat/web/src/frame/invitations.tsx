/** Rooms to which others invite. */
import { useQuery } from "@lineshaft/client/react";
import { Button, Group, Text } from "@mantine/core";
import { tellDone, tellFailed } from "lineshaft-web-shared/parts/notices.tsx";
import { useState } from "react";
import { chat, type Invitation } from "../client.ts";
import { goToRoom } from "../route.ts";

const NOTHING = {};

export function Invitations() {
  const { data = [] } = useQuery(chat.invitations, NOTHING);
  return data.map((invitation) => <InvitationCard key={invitation.room.id} invitation={invitation} />);
}

function InvitationCard({ invitation: { room, invitedBy } }: { readonly invitation: Invitation }) {
  const [isBusy, setBusy] = useState(false);
  const answer = async (isAccepted: boolean) => {
    setBusy(true);
    try {
      await (isAccepted ? chat.joinRoom : chat.declineInvitation)({ room: room.id });
      if (isAccepted) goToRoom(room.id);
      else tellDone("Declined");
    } catch (error) {
      tellFailed("That did not work", error);
      setBusy(false);
    }
  };
  return (
    <div className="invitation">
      <Text size="sm">
        {invitedBy?.name ?? "Somebody"} invites you to <strong>{room.name}</strong>.
      </Text>
      <Group gap="xs" mt={8}>
        <Button size="compact-sm" disabled={isBusy} onClick={() => void answer(true)}>
          Join
        </Button>
        <Button size="compact-sm" variant="default" disabled={isBusy} onClick={() => void answer(false)}>
          Decline
        </Button>
      </Group>
    </div>
  );
}
