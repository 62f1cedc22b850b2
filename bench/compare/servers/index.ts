/** All servers that are compared. */
import type { CompareSecurity, ServerName } from '../options.ts'
import type { ComparedKind } from './compared.ts'
import { ejabberdKind } from './ejabberd.ts'
import { mosquittoKind } from './mosquitto.ts'
import { natsKind } from './nats.ts'
import { comparedFloorKind, ownKind } from './own.ts'
import { prosodyKind } from './prosody.ts'
import { redisKind } from './redis.ts'
import { socketIoKind } from './socket-io.ts'

/** The kinds by name, in plain sessions or in secured ones: Parley's sealed, those of the others by TLS. */
export function comparedKinds(security: CompareSecurity): Readonly<Record<ServerName, ComparedKind>> {
  return {
    floor: comparedFloorKind,
    nats: natsKind(security),
    mosquitto: mosquittoKind(security),
    redis: redisKind(security),
    ejabberd: ejabberdKind(security),
    prosody: prosodyKind(security),
    'socket.io': socketIoKind(security),
    parley: ownKind(security),
  }
}
