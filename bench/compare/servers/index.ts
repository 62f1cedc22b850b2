/** All servers that are compared. */
import type { CompareSecurity, ServerName } from '../options.ts'
import type { ComparedKind } from './compared.ts'
import { ejabberdKind, ejabberdOfflineKind } from './ejabberd.ts'
import { jetstreamKind, jetstreamSyncKind } from './jetstream.ts'
import { mosquittoKind } from './mosquitto.ts'
import { mosquittoQos1Kind } from './mosquitto-qos1.ts'
import { natsKind } from './nats.ts'
import { comparedFloorKind, ownKind } from './own.ts'
import { prosodyKind, prosodyOfflineKind } from './prosody.ts'
import { redisKind } from './redis.ts'
import { socketIoKind } from './socket-io.ts'

/** The kinds by name, in plain sessions or in secured ones: Parley's sealed, those of the others by TLS. */
export function comparedKinds(security: CompareSecurity): Readonly<Record<ServerName, ComparedKind>> {
  return {
    floor: comparedFloorKind,
    nats: natsKind(security),
    jetstream: jetstreamKind,
    'jetstream-sync': jetstreamSyncKind,
    mosquitto: mosquittoKind(security),
    'mosquitto-qos1': mosquittoQos1Kind,
    redis: redisKind(security),
    ejabberd: ejabberdKind(security),
    'ejabberd-offline': ejabberdOfflineKind,
    prosody: prosodyKind(security),
    'prosody-offline': prosodyOfflineKind,
    'socket.io': socketIoKind(security),
    parley: ownKind(security),
  }
}
