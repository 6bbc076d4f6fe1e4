import Configuration
import Data
import Dist
import Model
import Profiling
import Storage
import Tokenization

/// The data that a run trains on and is evaluated on: everything that differs between pre-training and fine-tuning.
protocol Workload {
  /// The run's configuration, completed from the data and the initial model.
  var config: RunConfig { get }

  /// The shape of the trained model.
  var model: ModelConfig { get }

  /// The tokenizer that is saved with the model.
  var tokenizer: Tokenizer { get }

  /// The task that the model is fine-tuned for, with the names of its outputs; nil in pre-training.
  var fineTuning: FineTuning? { get }

  /// A hash of all data that training reads.
  var fingerprint: String { get }

  /// The identity of the task, independent of the name of its file; nil in pre-training.
  var task: String? { get }

  /// The training data, from which the batches of steps are made.
  var training: any BatchSource { get }

  /// The validation loss of a model that knows only the frequency of each token, in nats; nil if it is not known.
  var unigramValidationLoss: Double? { get }

  /// A description in a few lines, printed before the first step.
  var description: String { get }

  /// Overwrites random weights with those of the initial model. Called on rank 0.
  ///
  /// - Returns: the source of the weights; nil if all stay random
  func begin(_ state: ModelState) throws -> String?

  /// True if an evaluation is due after this step. The last step is always evaluated.
  func isEvaluationDue(after step: Int) -> Bool

  /// Evaluates the model on data that it is not trained on; nil if there are none. Collective.
  ///
  /// - Parameters:
  ///   - decoder: the decoder with the weights to evaluate
  ///   - check: looks for NaN and infinity in debug mode
  func evaluate(
    _ decoder: Decoder, _ communicator: Communicator, check: FiniteCheck?, after step: Int
  ) throws -> Evaluation?
}
