import Configuration
import Data
import Dist
import Model
import Profiling
import Storage
import Tokenization

/// What a run trains on and is judged by: all in which pre-training and fine-tuning differ.
protocol Workload {
  /// The run's configuration with what the data and the model that it begins with decide.
  var config: RunConfig { get }

  /// The shape that is trained.
  var model: ModelConfig { get }

  /// The tokenizer that is saved with the model.
  var tokenizer: Tokenizer { get }

  /// What the model is fine-tuned for, and what its outputs are called; nil in pre-training.
  var fineTuning: FineTuning? { get }

  /// A hash of all that training reads.
  var fingerprint: String { get }

  /// What the task is, in words by which one is told from another whatever its file is called; nil in pre-training.
  var task: String? { get }

  /// What steps are made of.
  var training: any BatchSource { get }

  /// The validation loss of a model that knows nothing but how often each token occurs, in nats; nil where it is not known.
  var unigramValidationLoss: Double? { get }

  /// A few lines for people, before the first step.
  var description: String { get }

  /// Overwrites random weights with those that the run begins with. Rank 0's.
  ///
  /// - Returns: where they come from; nil where all stay random
  func begin(_ state: ModelState) throws -> String?

  /// True if an evaluation is due after this step. The last step is always evaluated.
  func isEvaluationDue(after step: Int) -> Bool

  /// Measures on data that is not trained on; nil where there is none. Collective.
  ///
  /// - Parameters:
  ///   - decoder: has the weights to judge
  ///   - check: looks for NaN and infinity in debug mode
  func evaluate(
    _ decoder: Decoder, _ communicator: Communicator, check: FiniteCheck?, after step: Int
  ) throws -> Evaluation?
}
