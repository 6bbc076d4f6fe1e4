/// The rule for a key that has another value when a run resumes from a checkpoint.
package enum ResumeRule: Sendable {
  /// It decides on the model, the data or what is minimised: another value is refused.
  case mustMatch
  /// It may change on the way, which is reported; a finished run was made with what it was made with, and refuses another value.
  case mayChange
  /// It changes no figure of the run; or it is a path, of which the content is compared instead.
  case free
}
