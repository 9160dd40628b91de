"""The backtest engine and its market data; knows neither optuna, sqlalchemy nor dagster."""
