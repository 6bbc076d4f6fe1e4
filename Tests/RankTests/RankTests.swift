@main struct RankTests { static func main() {} }
