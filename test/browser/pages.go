package browser

// Project is what the demo fills.
const Project = "demo"
