/// The rule for a key whose value has changed when a run resumes from a checkpoint.
package enum ResumeRule: Sendable {
  /// The key determines the model, the data or the objective: another value is refused.
  case mustMatch
  /// The key may change during a run, and the change is reported; a finished run refuses another value.
  case mayChange
  /// The key changes no figure of the run; or it is a path, whose content is compared instead.
  case free
}
