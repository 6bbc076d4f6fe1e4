import Dist
import Files
import Foundation
import Tokenization

// The response of a run to an anomaly.
extension RunLoop {
  /// Logs an anomaly and responds to it according to the policy. Collective.
  ///
  /// - Returns: the number of steps done after going back; nil if the run continues with the next step
  /// - Throws: if the run ends here, on every rank
  func respond(to anomaly: Anomaly) throws -> Int? {
    try communicator.onRoot { try log?.anomaly(anomaly) }
    switch config.anomaly {
    case .stop:
      throw AgreedFailure(
        anomaly.description + ". Training stops here; the last checkpoint is untouched. "
          + "Lower --learning-rate, run with --debug to see which operation it came from, or continue without "
          + "this step: --anomaly skip or rollback"
          + (anomaly.kind == .spike ? ", or a higher --spike-threshold" : ""))
    case .skip:
      trainer.anomalies.skip(anomaly.steps)
      trainer.anomalies.passedOver()
      guard trainer.anomalies.skippedInARow <= AnomalyState.mostInARow else {
        throw AgreedFailure(
          anomaly.description
            + ". \(AnomalyState.mostInARow) steps in a row were skipped before it without "
            + "effect. Training stops here: resume from the last checkpoint with --anomaly rollback or a "
            + "lower --learning-rate")
      }
      communicator.note(anomaly.description + ". This step is skipped")
      return nil
    case .rollback:
      guard trainer.anomalies.rollbacks < AnomalyState.mostRollbacks else {
        throw AgreedFailure(
          anomaly.description
            + ". The run already went back \(AnomalyState.mostRollbacks) times without "
            + "effect. Training stops here; the last checkpoint is untouched. Lower --learning-rate, or look at "
            + "anomalies.jsonl for what these steps have in common")
      }
      communicator.note(
        anomaly.description + ". The run goes back to a checkpoint and continues without "
          + (anomaly.steps.count == 1 ? "step " : "steps ")
          + anomaly.steps.map(String.init).joined(separator: " and "))
      return try goBack(before: anomaly)
    }
  }

  /// Restores the newest good checkpoint before the steps at fault on all ranks, or the initial state if there is none. Collective.
  private func goBack(before anomaly: Anomaly) throws -> Int {
    let known = trainer.anomalies
    let first = anomaly.steps.min() ?? anomaly.step
    let step = try goBack(to: {
      // If there is no checkpoint before these steps, one that may be ruined is better than starting over.
      let good =
        try store.newestGood(before: first, report: communicator.note)
        ?? store.newestGood(before: anomaly.step, report: communicator.note)
      if let good { return good.folder }
      return config.resume.folder
    })
    trainer.anomalies = known.goingBack(to: trainer.anomalies, without: anomaly.steps)
    return step
  }
}
