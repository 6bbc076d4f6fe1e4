import Dist
import Files
import Foundation
import Tokenization

// What a run does about a step that went wrong.
extension RunLoop {
  /// Writes down what happened and does what the policy says. Collective.
  ///
  /// - Returns: the steps that are done after going back; nil where the run goes on with the next step
  /// - Throws: where the run ends here, on every rank
  func respond(to anomaly: Anomaly) throws -> Int? {
    try communicator.onRoot { try log?.anomaly(anomaly) }
    switch config.anomaly {
    case .stop:
      throw AgreedFailure(
        anomaly.description + ". Training stops here; the last checkpoint is untouched. "
          + "Lower --learning-rate, run with --debug to see which operation it came from, or continue without "
          + "this update: --anomaly skip or rollback"
          + (anomaly.kind == .spike ? ", or a higher --spike-threshold" : ""))
    case .skip:
      trainer.anomalies.skip(anomaly.steps)
      trainer.anomalies.passedOver()
      guard trainer.anomalies.skippedInARow <= AnomalyState.mostInARow else {
        throw AgreedFailure(
          anomaly.description
            + ". \(AnomalyState.mostInARow) updates in a row were skipped before it without "
            + "effect. Training stops here: resume from the last checkpoint with --anomaly rollback or a "
            + "lower --learning-rate")
      }
      communicator.note(anomaly.description + ". This update is skipped")
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
          + (anomaly.steps.count == 1 ? "update " : "updates ")
          + anomaly.steps.map(String.init).joined(separator: " and "))
      return try goBack(before: anomaly)
    }
  }

  /// All ranks take the newest good checkpoint before the steps at fault, or begin anew where there is none. Collective.
  private func goBack(before anomaly: Anomaly) throws -> Int {
    let known = trainer.anomalies
    let first = anomaly.steps.min() ?? anomaly.step
    let step = try goBack(to: {
      // Where there is none before, one that may be ruined is better than to begin anew.
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
