/// What predictions are judged by.
public enum Metric: String, Sendable, Codable, CaseIterable {
  case accuracy, f1, matthews, pearson, spearman
}
