"""The online learner: exponentially weighted recursive least squares for three horizons behind one covariance."""
