import type { Board } from "../board/board.ts";
import type { BoardSensor } from "../board/board-sensor.ts";
import {
  SensorAxisDescriptionGet,
  SensorAxisNameGet,
  SensorContinuousUpdateNotify,
  SensorListUpdateIntervals,
  SensorNameGet,
  SensorTripPointConfig,
  SensorTripPointNotify,
  sensorProtocol,
} from "../protocols/sensor.ts";
import { isLong } from "./names.ts";
import type { Part } from "./part.ts";
import { SensorServer } from "./sensor.ts";

/** Sensor management as part of a platform. */
export const sensorPart: Part<SensorServer> = {
  protocol: sensorProtocol,
  isIn: ({ sensor }) => sensor !== undefined,
  resourceCount: (board) => sensorsOf(board).length,
  maySet: (board, agentId, sensor) => !sensorsOf(board)[sensor]?.readOnlyAgents.includes(agentId),
  hasCommand(board, messageId) {
    const sensors = sensorsOf(board);
    switch (messageId) {
      case SensorTripPointNotify.id:
      case SensorTripPointConfig.id:
        return sensors.some(({ tripPointCount }) => tripPointCount > 0);
      case SensorAxisDescriptionGet.id:
        return sensors.some(({ axes }) => axes.length > 0);
      case SensorListUpdateIntervals.id:
        return sensors.some(({ intervals }) => intervals !== undefined);
      case SensorContinuousUpdateNotify.id:
        return sensors.some(({ continuousUpdates }) => continuousUpdates);
      case SensorNameGet.id:
        return sensors.some(({ name }) => isLong(name));
      case SensorAxisNameGet.id:
        return sensors.some(({ axes }) => axes.some(({ name }) => isLong(name)));
      default:
        return true;
    }
  },
  describe: (board) => ({
    sensors: sensorsOf(board).map(({ asyncLatencyUs }) => ({ hasAsync: asyncLatencyUs !== undefined })),
  }),
  open: (machine) => new SensorServer(machine, machine.section("sensor")),
};

function sensorsOf(board: Board): readonly BoardSensor[] {
  return board.sensor?.sensors ?? [];
}
